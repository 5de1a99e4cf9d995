"""Chinese firms with a known truth, SIMULATED: each is written several times, by many hands.

What is planted: legal forms written otherwise, region or form left out, region in brackets,
traditional characters, full width, pinyin, English, a wrong character (of the same sound, or any),
renamed firms (the former name is on file for some), branches (parties of their own that share phone
and legal person), sister firms of one owner, missing and mistyped codes, missing and changed phones
and legal persons. One line of business in six is unknown to our list of words.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import opencc
import pyarrow as pa

from headrace.graph.identity.codes import CREDIT_ALPHABET, credit_check_digit
from headrace.graph.identity.firm_words import businesses
from headrace.graph.identity.writing import pinyin

TRADE = (
    "华安恒兴达盛泰隆瑞丰鑫宏伟业诚信德润博远天地通利源海洋龙腾飞翔金银玉宝嘉禾康健新创卓越锐"
    "智联众合力正方圆明光辉煌东南西北中亚欧美环球世纪长江黄河山川林森木水火土星月日云雨雪春夏"
    "秋冬梅兰竹菊松柏桂枫荣昌富贵吉祥如意福禄寿喜顺和平永久万里鹏程凯旋捷迅速维克科普思迪尔曼"
    "特莱宁邦国民众志成城旺茂景祺"
)
SAME_SOUND = {
    "华": "桦", "安": "桉", "恒": "横", "兴": "星", "达": "答", "盛": "胜", "泰": "太",
    "瑞": "锐", "丰": "峰", "鑫": "新", "宏": "弘", "诚": "成", "润": "闰", "博": "伯",
    "源": "元", "嘉": "佳", "康": "糠", "创": "怆", "智": "志", "联": "连", "众": "仲",
    "天": "添", "利": "力", "远": "园", "金": "今", "海": "醢", "龙": "隆", "明": "名",
}  # fmt: skip
REGIONS = [
    "上海", "北京", "深圳", "广州", "杭州", "宁波", "苏州", "无锡", "南京", "武汉", "成都",
    "重庆", "西安", "青岛", "济南", "郑州", "长沙", "合肥", "福州", "厦门", "天津", "东莞",
    "佛山", "温州", "常州", "南通", "嘉兴", "绍兴", "金华", "沈阳", "大连", "长春", "昆明",
    "南昌", "石家庄", "太原",
]  # fmt: skip
PROVINCES = {
    "深圳": "广东省", "广州": "广东省", "杭州": "浙江省", "宁波": "浙江省", "苏州": "江苏省",
    "无锡": "江苏省", "武汉": "湖北省", "成都": "四川省", "西安": "陕西省", "青岛": "山东省",
    "长沙": "湖南省",
}  # fmt: skip
UNKNOWN = [
    "滤清器", "钓具", "箱包", "眼镜", "雨具", "电磁线", "紧固件", "刀具", "茶具", "渔具", "卫浴",
    "门窗", "丝绸", "羽绒", "花卉",
]  # fmt: skip
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华建国文斌志鹏玉兰红梅春燕海波宇轩子涵欣怡俊晨"
)
NAMED = {"有限公司": "有限责任公司", "有限责任公司": "有限公司", "股份有限公司": "股份公司"}


@dataclass(frozen=True)
class Firm:
    """A party that is true."""

    truth: int
    region: str
    trade: str
    business: str
    form: str
    branch: str
    code: str
    phone: str
    person: str
    former: str = ""


def generate(records: int, seed: int = 11) -> pa.Table:
    """About so many records: id, truth, names (list), name, credit_code, phone, legal_person."""
    rng = np.random.default_rng(seed)
    draws = Draws(rng)
    traditional = opencc.OpenCC("s2t")
    rows: list[tuple[int, list[str], str | None, str | None, str | None]] = []
    for firm in firms(draws):
        if len(rows) >= records:
            break
        hands = range(1 + draws.below(3))
        rows.extend(written(firm, number, draws, traditional) for number in hands)
    order = rng.permutation(len(rows))
    rows = [rows[at] for at in order.tolist()]
    return pa.table(
        {
            "id": pa.array([f"R{number:07d}" for number in range(len(rows))]),
            "truth": pa.array([row[0] for row in rows]),
            "names": pa.array([row[1] for row in rows], pa.list_(pa.string())),
            "name": pa.array([row[1][0] for row in rows]),
            "credit_code": pa.array([row[2] for row in rows], pa.string()),
            "phone": pa.array([row[3] for row in rows], pa.string()),
            "legal_person": pa.array([row[4] for row in rows], pa.string()),
        }
    )


class Draws:
    """Random numbers drawn a million at a time: one by one is slow."""

    def __init__(self, rng: np.random.Generator) -> None:
        """Draw from a generator."""
        self._rng, self._left = rng, iter(())

    def one(self) -> float:
        """A number in 0..1."""
        for value in self._left:
            return float(value)
        self._left = iter(self._rng.random(1_000_000).tolist())
        return self.one()

    def below(self, count: int) -> int:
        """A whole number."""
        return int(self.one() * count)

    def of(self, values: str | list[str]) -> str:
        """One of some, the first ones more often."""
        return values[int(self.one() ** 1.3 * len(values))]


def firms(draws: Draws) -> Iterator[Firm]:
    """Firms, each with perhaps a branch and a sister; endless."""
    words = [word for word in businesses() if len(word) == 2]
    truth = 0
    while True:
        firm = founded(truth, draws, words)
        truth += 1
        yield firm
        if draws.one() < 0.06:  # a branch shares phone or legal person, and has a code of its own
            where = draws.of(REGIONS)
            phone = firm.phone if draws.one() < 0.4 else phone_of(draws)
            yield Firm(truth, firm.region, firm.trade, firm.business, firm.form, f"{where}分公司",
                       code_of(draws), phone, firm.person)  # fmt: skip
            truth += 1
        if draws.one() < 0.08:  # a sister of the same owner, in another line of business
            sister = founded(truth, draws, words)
            truth += 1
            shared = draws.one()
            yield Firm(sister.truth, firm.region, firm.trade if shared < 0.5 else sister.trade,
                       sister.business, sister.form, "", sister.code,
                       firm.phone if shared > 0.7 else sister.phone, firm.person)  # fmt: skip


def founded(truth: int, draws: Draws, words: list[str]) -> Firm:
    size = 2 if draws.one() < 0.55 else 3 if draws.one() < 0.7 else 4
    trade = "".join(draws.of(TRADE) for _ in range(size))
    business = draws.of(UNKNOWN) if draws.one() < 0.17 else draws.of(words)
    if draws.one() < 0.3:
        business = draws.of(["国际", "实业", "科技", "电子", "工程"]) + business
    form = draws.of(["有限公司", "有限公司", "有限责任公司", "股份有限公司", "厂"])
    former = ""
    if draws.one() < 0.06:
        former = "".join(draws.of(TRADE) for _ in range(2))
    return Firm(truth, draws.of(REGIONS), trade, business, form, "", code_of(draws),
                phone_of(draws), person_of(draws), former)  # fmt: skip


def code_of(draws: Draws) -> str:
    region = ("310115", "330106", "440305", "110108", "320505", "420106")[draws.below(6)]
    body = "".join(CREDIT_ALPHABET[draws.below(31)] for _ in range(9))
    first = f"91{region}{body}"
    return first + credit_check_digit(first)


def phone_of(draws: Draws) -> str:
    return f"1{3 + draws.below(7)}{draws.below(1_000_000_000):09d}"


def person_of(draws: Draws) -> str:
    given = "".join(draws.of(GIVEN) for _ in range(1 if draws.one() < 0.25 else 2))
    return draws.of(SURNAMES) + given


def written(
    firm: Firm, number: int, draws: Draws, traditional: opencc.OpenCC
) -> tuple[int, list[str], str | None, str | None, str | None]:
    """One record of a firm: the first as registered, others as people write them."""
    region, trade, form = firm.region, firm.trade, firm.form
    former = ""
    if firm.former and number == 0:
        trade = firm.former  # filed before the firm was renamed
    elif firm.former and draws.one() < 0.6:
        former = f"{region}{firm.former}{firm.business}{form}{firm.branch}"
    name = f"{region}{trade}{firm.business}{form}{firm.branch}"
    if number:
        name = variant(firm, trade, draws, traditional)
    code: str | None = firm.code
    if draws.one() < 0.35:
        code = None
    elif draws.one() < 0.03:
        place = 8 + draws.below(9)
        code = firm.code[:place] + CREDIT_ALPHABET[draws.below(31)] + firm.code[place + 1 :]
    phone = None if draws.one() < 0.2 else phone_of(draws) if draws.one() < 0.06 else firm.phone
    chance = draws.one()
    person = None if chance < 0.15 else person_of(draws) if chance < 0.21 else firm.person
    return firm.truth, [name, former] if former else [name], code, phone, person


def variant(firm: Firm, trade: str, draws: Draws, traditional: opencc.OpenCC) -> str:
    """The name in another hand."""
    region, business, form, branch = firm.region, firm.business, firm.form, firm.branch
    plain = f"{region}{trade}{business}{form}{branch}"
    wrong = draws.below(len(trade))
    sound = SAME_SOUND.get(trade[wrong], draws.of(TRADE))
    hands = [
        f"{region}{trade}{business}{NAMED.get(form, form)}{branch}",
        f"{region}{trade}{business}" if not branch else plain,
        f"{trade}{business}{form}{branch}",
        f"{trade}（{region}）{business}{form}{branch}",
        traditional.convert(plain),
        pinyin(plain) if not branch else plain,
        english(region, trade, business) if not branch and business in businesses() else plain,
        f"{region}{trade[:wrong]}{sound}{trade[wrong + 1 :]}{business}{form}{branch}",
        f"{region}{trade[:wrong]}{draws.of(TRADE)}{trade[wrong + 1 :]}{business}{form}{branch}",
        f"{PROVINCES.get(region, '')}{region}市{trade}{business}{form}{branch}",
        f"{trade}{business}" if not branch else plain,
        plain,
    ]
    return hands[draws.below(len(hands))]


def english(region: str, trade: str, business: str) -> str:
    words = " ".join(word.title() for word in businesses()[business][:1])
    return f"{pinyin(region).title()} {pinyin(trade).title()} {words} Co., Ltd."

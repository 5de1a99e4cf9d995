"""Rules about owners as data: what is tested, from which share on, since when, by which article.

`verified` says whether the official text was read. Where it was not, `source` names what was read
instead, and the rule must be compared with the text before a bank relies on it.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Measure(StrEnum):
    """What is compared with a threshold.

    EQUITY: the integrated share of capital: multiplied along chains, summed over chains.
    HIGHER: the same with, in every layer, the higher of capital and votes.
    CONTROL: more than half of the votes, recursively, or control by contract.
    """

    EQUITY = "equity"
    HIGHER = "higher_of_equity_and_votes"
    CONTROL = "control"


class Among(StrEnum):
    """Who can be found: natural persons only, or anybody that nobody is recorded to hold."""

    PERSONS = "persons"
    ULTIMATE = "ultimate_holders"


@dataclass(frozen=True)
class Test:
    """One test of a rule set.

    Attributes:
        measure: What is compared.
        share_min: The share from which on it is met; of control, half, which must be exceeded.
        en: What it says, in English.
        zh: The same in Chinese.
    """

    measure: Measure
    share_min: float
    en: str
    zh: str


@dataclass(frozen=True)
class RuleSet:
    """Tests in their order; who meets several is named by the first.

    Attributes:
        name: Stable name.
        title: The title of the text, in its language.
        effective: From when it is in force.
        articles: Which articles.
        among: Who can be found.
        tests: In order.
        source: What was read.
        verified: Whether the official text was read.
    """

    name: str
    title: str
    effective: date
    articles: str
    among: Among
    tests: tuple[Test, ...]
    source: str
    verified: bool


CN_BENEFICIAL_OWNERS = RuleSet(
    name="cn_beneficial_owners_2024",
    title="受益所有人信息管理办法（中国人民银行 国家市场监督管理总局令〔2024〕第3号）",
    effective=date(2024, 11, 1),
    articles="standards 1-3 of the filing guide (备案指南第一版 2.1.1)",
    among=Among.PERSONS,
    tests=(
        Test(
            Measure.EQUITY, 0.25,
            "a person finally owns 25 % or more of the equity, shares or partnership interest",
            "直接或间接最终拥有25%以上股权、股份或合伙权益的自然人",
        ),
        Test(
            Measure.HIGHER, 0.25,
            "else a person finally has 25 % or more of the income or votes",
            "未满足前项，但最终享有25%以上收益权、表决权的自然人",
        ),
        Test(
            Measure.CONTROL, 0.5,
            "else a person actually controls it, alone or jointly",
            "未满足前两项，但单独或者联合进行实际控制的自然人",
        ),
    ),
    source=(
        "focustax.cn article 25336 (articles 2-3), shiyilawyers ID=51, wxredian (contents of the "
        "filing guide); for chains gongsi.366861.com: multiply at each layer, take the higher of "
        "equity and votes, add up paths"
    ),
    verified=False,
)  # fmt: skip

CN_RELATED_HOLDERS = RuleSet(
    name="cn_related_holders_2022",
    title="银行保险机构关联交易管理办法（中国银行保险监督管理委员会令〔2022〕1号）",
    effective=date(2022, 3, 1),
    articles="holders of 5 % or more and who controls the institution",
    among=Among.ULTIMATE,
    tests=(
        Test(
            Measure.HIGHER, 0.05,
            "holds 5 % or more, directly or indirectly", "直接或间接持有5%以上股权",
        ),
        Test(Measure.CONTROL, 0.5, "controls it", "对其实施控制"),
    ),
    source="4gser.com 71596, baoxiank.com; the text was revised on 15 May 2025 (lawyeah.cn)",
    verified=False,
)  # fmt: skip

MAJORITY_CONTROL = RuleSet(
    name="majority_control",
    title="Basel Framework LEX10: connected counterparties, control relationship",
    effective=date(2019, 1, 1),
    articles="more than half of the voting rights; control by agreement or board",
    among=Among.ULTIMATE,
    tests=(Test(Measure.CONTROL, 0.5, "disposes of more than half of the votes", "表决权过半"),),
    source="bis.org/basel_framework/chapter/LEX/10; the numeric wording was not compared",
    verified=False,
)

RULE_SETS = {each.name: each for each in (CN_BENEFICIAL_OWNERS, CN_RELATED_HOLDERS,
                                          MAJORITY_CONTROL)}  # fmt: skip

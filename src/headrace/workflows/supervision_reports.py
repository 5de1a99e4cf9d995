"""The reports: inclusive finance, sci-tech, green, the five classes, concentration."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from headrace.contracts.classification.tables import Grade
from headrace.errors import InputError
from headrace.pack import Text
from headrace.workflows.supervision import (
    ALL,
    COUNTED,
    NOT_STATED,
    Column,
    Line,
    Position,
    Report,
    Row,
    Section,
    balance_of,
    counted,
    share_of,
    split,
)
from headrace.workflows.supervision_sources import (
    CATALOGUE_2025,
    CLASSES_2023,
    EXPOSURES_2018,
    LOAN_USES,
    PCAF,
    RULES_2018,
    category_text,
)

INCLUSIVE_LIMIT_YUAN, HALF_YUAN = 10_000_000, 5_000_000
TOLERANCE = 0.03
LARGEST_SHOWN = 10
GRADE_TEXTS = {
    Grade.NORMAL: Text("Normal", "正常"),
    Grade.SPECIAL_MENTION: Text("Special mention", "关注"),
    Grade.SUBSTANDARD: Text("Substandard", "次级"),
    Grade.DOUBTFUL: Text("Doubtful", "可疑"),
    Grade.LOSS: Text("Loss", "损失"),
}


def report(name: str, position: Position) -> Report:
    """A report by its name.

    Raises:
        InputError: There is none of that name.
    """
    if name not in REPORTS:
        raise InputError(
            "There is no such report", where="name", remedy=f"One of {', '.join(REPORTS)}"
        )
    return REPORTS[name](position)


def inclusive(position: Position) -> Report:
    """Inclusive loans to small firms (普惠小微), and whether both increase and both are held."""
    lines = position.lines
    limits: dict[str, int] = {}
    for each in lines:
        limits[each.party] = limits.get(each.party, 0) + each.limit
    whole, minor = balance_of(lines), 100
    small = [each for each in lines if limits[each.party] <= INCLUSIVE_LIMIT_YUAN * minor]
    half = [each for each in small if limits[each.party] <= HALF_YUAN * minor]
    between = [each for each in small if limits[each.party] > HALF_YUAN * minor]
    above = [each for each in lines if limits[each.party] > INCLUSIVE_LIMIT_YUAN * minor]
    by_limit = (
        counted("to_5m", Text("Limit up to 5 million", "单户授信500万元及以下"), half, whole),
        counted("to_10m", Text("5 to 10 million", "500万元至1000万元"), between, whole),
        counted("inclusive", Text("Inclusive: up to 10 million", "普惠小微口径合计"), small, whole),
        counted("above", Text("Above 10 million", "1000万元以上"), above, whole),
        counted("all", ALL, lines, whole),
    )
    lent = [each for each in small if each.paid_out]
    return Report(
        "inclusive",
        Text("Inclusive finance: small firms", "普惠小微贷款"),
        position.as_of,
        Text(
            "Loans to borrowers whose limits together are at most 10 million yuan. A borrower has "
            "a first loan where no earlier loan of it is on record.",
            "单户授信总额1000万元及以下的贷款。首贷户指在案事实中没有更早贷款记录的借款人。",
        ),
        (RULES_2018,),
        (
            Section(
                "limits", Text("By limit of one borrower", "按单户授信总额"), COUNTED, by_limit
            ),
            _first_loans(lent),
            _two_and_two(position, small),
        ),
        (
            Text(
                "The facts do not say how large a firm is (staff, revenue, assets): firms that are "
                "not small or micro are not left out.",
                "事实中没有企业规模（从业人员、营业收入、资产总额）：未剔除非小型、微型企业。",
            ),
            Text(
                "Earlier loans are those that this bank's facts name, not those of the central "
                "bank's credit registry.",
                "更早贷款仅指本机构事实所载，不含征信系统中其他机构的贷款。",
            ),
        ),
        position.currency,
    )


FIRST = (
    Column("loans", Text("Loans", "笔数"), "count"),
    Column("households", Text("Borrowers", "户数"), "count"),
    Column("lent", Text("Paid out", "累计发放"), "money"),
    Column("rate", Text("Mean rate", "发放加权利率"), "rate"),
)


def _first_loans(lent: Sequence[Line]) -> Section:
    """Of what was paid out: first loans, later ones, and where nobody knows."""

    def row(name: str, text: Text, lines: Sequence[Line]) -> Row:
        amount = sum(each.lent for each in lines)
        weighted = sum(each.lent * each.rate for each in lines)
        cells = (
            len(lines),
            len({each.party for each in lines}),
            amount,
            weighted / amount if amount else None,
        )
        return Row(name, text, cells, tuple(each.contract for each in lines))

    first, later, unknown = (
        [each for each in lent if each.borrower.borrowed_before is before]
        for before in (False, True, None)
    )
    return Section(
        "first_loans",
        Text("Paid out: first loans", "累计发放：首贷户"),
        FIRST,
        (
            row("first", Text("First loan", "首贷户"), first),
            row("later", Text("Borrowed before", "非首贷户"), later),
            row("not_stated", NOT_STATED, unknown),
            row("all", ALL, lent),
        ),
    )


CHECKED = (
    Column("now", Text("Now", "本期"), "text"),
    Column("beside", Text("Beside", "对照"), "text"),
    Column("verdict", Text("Verdict", "结论"), "text"),
)
MET, MISSED = Text("met", "达标"), Text("not met", "未达标")
UNKNOWN = Text("cannot be said: the book is younger than a year", "无法判断：账簿不足一年")


Compared = tuple[Text | None, Text | None, Text]


def _two_and_two(position: Position, small: Sequence[Line]) -> Section:
    """Two increase, two are controlled (两增两控)."""
    before = position.year_before
    grows: Compared = (None, None, UNKNOWN)
    borrowers = grows
    if before is not None:
        grows = _growth(position.lines, small, before)
        borrowers = _more_borrowers(small, before)
    bad = share_of(sum(each.bad for each in small), balance_of(small))
    all_bad = share_of(sum(each.bad for each in position.lines), balance_of(position.lines))
    held = (
        Text("nothing is owed", "无余额")
        if bad is None or all_bad is None
        else _verdict(bad <= all_bad + TOLERANCE)
    )
    rows = (
        Row(
            "balance",
            Text("Balance grows no slower than all loans", "贷款增速不低于各项贷款增速"),
            grows,
        ),
        Row(
            "households",
            Text("Borrowers are no fewer than a year before", "贷款户数不低于上年同期"),
            borrowers,
        ),
        Row(
            "quality",
            Text("Bad share at most 3 points above all loans", "不良率不高于各项贷款3个百分点"),
            (_percent(bad), _percent(all_bad), held),
        ),
        Row(
            "cost",
            Text(
                "Mean rate of this year's loans no higher than last year's",
                "当年发放加权利率不高于上年",
            ),
            _cost(position, small),
        ),
    )
    return Section("two_and_two", Text("Two increase, two are held", "两增两控"), CHECKED, rows)


def _growth(lines: Sequence[Line], small: Sequence[Line], before: Mapping[str, int]) -> Compared:
    def growth(chosen: Sequence[Line]) -> float | None:
        then = sum(before.get(each.contract, 0) for each in chosen)
        return balance_of(chosen) / then - 1 if then else None

    mine, whole = growth(small), growth(lines)
    if mine is None or whole is None:
        return _percent(mine), _percent(whole), UNKNOWN
    return _percent(mine), _percent(whole), _verdict(mine >= whole)


def _more_borrowers(small: Sequence[Line], before: Mapping[str, int]) -> Compared:
    now = len({each.party for each in small if each.balance})
    then = len({each.party for each in small if before.get(each.contract)})
    return _number(now), _number(then), _verdict(now >= then)


def _cost(position: Position, small: Sequence[Line]) -> Compared:
    def mean(year: int) -> Decimal | None:
        lent = [each for each in small if each.paid_out and each.paid_out.year == year]
        amount = sum(each.lent for each in lent)
        weighted = sum((each.lent * each.rate for each in lent), Decimal(0))
        return weighted / amount if amount else None

    now, then = mean(position.as_of.year), mean(position.as_of.year - 1)
    if now is None or then is None:
        why = Text(
            "cannot be said: nothing was paid out in one of the years",
            "无法判断：其中一年没有发放",
        )
        return _percent(now), _percent(then), why
    return _percent(now), _percent(then), _verdict(now <= then)


def sci_tech(position: Position) -> Report:
    """Loans to technology firms (科技型企业贷款), by the lists that name them."""
    return Report(
        "sci_tech",
        Text("Technology firms", "科技型企业贷款"),
        position.as_of,
        Text(
            "Loans to firms that a list names as technology firms. A firm on several lists stands "
            "in each; the sum counts it once.",
            "名录认定的科技型企业贷款。同一企业列入多个名录时分别列示，合计只计一次。",
        ),
        (LOAN_USES,),
        (_stated(position, "sci_tech", Text("By list", "按名录"),
                 Text("Technology firms, each once", "科技型企业合计（去重）")),),
        _marks_missing(position, "sci_tech"),
        position.currency,
    )  # fmt: skip


def green(position: Position) -> Report:
    """Green loans (绿色贷款) by field of the catalogue, and the emissions they finance."""
    return Report(
        "green",
        Text("Green loans", "绿色贷款"),
        position.as_of,
        Text(
            "Loans whose use somebody found in the catalogue, by its fields. Financed emissions "
            "are added up only where the borrower's emissions, equity and debt are stated.",
            "用途经认定属于目录项目的贷款，按目录领域列示。仅在企业排放量、权益与债务均有记录时计算融资排放。",
        ),
        (CATALOGUE_2025, PCAF),
        (
            _stated(position, "green", Text("By field of the catalogue", "按目录领域"),
                    Text("Green loans, each once", "绿色贷款合计（去重）")),
            _emissions(position),
        ),
        _marks_missing(position, "green"),
        position.currency,
    )  # fmt: skip


def _stated(position: Position, kind: str, text: Text, sum_text: Text) -> Section:
    """Loans by what was stated of them: each category, all once, none, not stated."""
    whole, lines = balance_of(position.lines), position.lines
    by_category: dict[str, list[Line]] = {}
    for each in lines:
        for mark in each.stated(kind):
            by_category.setdefault(mark.category, []).append(each)
    none = by_category.pop("none", [])
    order = sorted(by_category.items(), key=lambda item: (-balance_of(item[1]), item[0]))
    rows = [counted(name, category_text(name), chosen, whole) for name, chosen in order]
    chosen = [each for each in lines if {m.category for m in each.stated(kind)} - {"none"}]
    names = {each.contract for each in chosen}
    rows.append(counted("stated", sum_text, chosen, whole))
    rows.append(
        counted("none", Text("Stated to be none", "已认定为非此类"),
                [each for each in none if each.contract not in names], whole)
    )  # fmt: skip
    rows.append(counted("not_stated", NOT_STATED, [e for e in lines if not e.stated(kind)], whole))
    rows.append(counted("all", ALL, lines, whole))
    return Section(kind, text, COUNTED, tuple(rows))


EMISSIONS = (
    Column("loans", Text("Loans", "笔数"), "count"),
    Column("balance", Text("Balance", "余额"), "money"),
    Column("share", Text("Share", "占比"), "share"),
    Column("emissions", Text("Financed, t CO2e a year", "融资排放（吨/年）"), "tonnes"),
)  # fmt: skip


def _emissions(position: Position) -> Section:
    """Financed emissions of all loans of which emissions, equity and debt are stated."""
    owing = [each for each in position.lines if each.balance]
    known = [each for each in owing if financed(each) is not None]
    unknown = [each for each in owing if financed(each) is None]
    whole = balance_of(owing)

    def row(name: str, text: Text, lines: Sequence[Line], amount: Decimal | None) -> Row:
        balance = balance_of(lines)
        cells = (len(lines), balance, share_of(balance, whole), amount)
        return Row(name, text, cells, tuple(each.contract for each in lines))

    amount = sum((financed(each) or Decimal(0) for each in known), Decimal(0)) if known else None
    return Section(
        "emissions",
        Text("Financed emissions", "融资排放"),
        EMISSIONS,
        (
            row("known", Text("Emissions stated", "已有排放数据"), known, amount),
            row("not_stated", NOT_STATED, unknown, None),
        ),
        Text("Not stated is not zero.", "未注明不等于零。"),
    )


def financed(line: Line) -> Decimal | None:
    """Emissions that a loan finances, tonnes a year (PCAF, business loans); None: not stated."""
    for mark in line.marks:
        if mark.emissions is not None and mark.capital is not None:
            if mark.capital <= 0:
                return Decimal(0)  # PCAF: negative equity attributes nothing
            return mark.emissions * line.balance / mark.capital
    return None


def classes(position: Position) -> Report:
    """The five classes (五级分类)."""
    whole = balance_of(position.lines)
    rows = [
        _class_row(grade.name.lower(), GRADE_TEXTS[grade],
                   [each for each in position.lines if each.grade == grade], whole)
        for grade in Grade
    ]  # fmt: skip
    bad = [each for each in position.lines if each.grade >= Grade.SUBSTANDARD]
    rows.append(_class_row("bad", Text("Of them bad: the lower three", "其中：不良"), bad, whole))
    rows.append(_class_row("all", ALL, position.lines, whole))
    return Report(
        "classes",
        Text("The five classes", "贷款五级分类"),
        position.as_of,
        Text(
            "Principal owed by class. Overdue is the whole principal of loans with something "
            "overdue. Coverage is allowances over bad loans.",
            "按五级分类列示贷款余额。逾期为存在逾期款项贷款的全部本金。拨备覆盖率为拨备除以不良余额。",
        ),
        (CLASSES_2023,),
        (Section("classes", Text("By class", "按分类"), CLASSES, tuple(rows)),),
        (),
        position.currency,
    )


CLASSES = (
    Column("loans", Text("Loans", "笔数"), "count"),
    Column("households", Text("Borrowers", "户数"), "count"),
    Column("balance", Text("Balance", "余额"), "money"),
    Column("share", Text("Share", "占比"), "share"),
    Column("overdue", Text("Overdue", "逾期余额"), "money"),
    Column("allowance", Text("Allowance", "拨备"), "money"),
    Column("coverage", Text("Coverage of bad loans", "拨备覆盖率"), "share"),
)


def _class_row(name: str, text: Text, lines: Sequence[Line], whole: int) -> Row:
    owing = [each for each in lines if each.balance]
    balance = balance_of(owing)
    allowance, bad = sum(each.allowance for each in owing), sum(each.bad for each in owing)
    cells = (
        len(owing),
        len({each.party for each in owing}),
        balance,
        share_of(balance, whole),
        sum(each.overdue for each in owing),
        allowance,
        share_of(allowance, bad) if name in ("bad", "all") else None,
    )
    return Row(name, text, cells, tuple(each.contract for each in owing))


def concentration(position: Position) -> Report:
    """Where the book is concentrated: borrowers, groups, industries, regions."""
    groups = any(each.borrower.group is not None for each in position.lines)
    sections = [
        _largest("borrowers", Text("Largest borrowers", "最大借款人"), position, _party),
        *(
            [_largest("groups", Text("Largest groups", "最大集团客户"), position, _group)]
            if groups
            else []
        ),
        split("industry", Text("By industry", "按行业"), position, lambda e: e.borrower.industry),
        split("region", Text("By region", "按地区"), position, lambda e: e.borrower.region),
    ]
    limits = [
        Text(
            "Tier 1 net capital is not known here: shares are of the book, not of capital, and say "
            "nothing about the legal limits.",
            "此处没有一级资本净额：占比以贷款余额为分母，不能据此判断是否超过监管上限。",
        )
    ]
    if not groups:
        limits.append(Text("The facts name no groups.", "事实中没有集团关系。"))
    return Report(
        "concentration",
        Text("Concentration", "集中度"),
        position.as_of,
        Text(
            "Principal owed by the largest borrowers and groups, by industry and by region. Who "
            "they are is for those who may see single loans.",
            "按最大借款人、集团、行业和地区列示贷款余额。具体户名仅对有逐笔查看权限者开放。",
        ),
        (EXPOSURES_2018,),
        tuple(sections),
        tuple(limits),
        position.currency,
    )


def _party(line: Line) -> str:
    return line.party


def _group(line: Line) -> str:
    return line.borrower.group or line.party


def _largest(name: str, text: Text, position: Position, key: Callable[[Line], str]) -> Section:
    """The ten largest, without their names, the others, and all."""
    whole = balance_of(position.lines)
    found: dict[str, list[Line]] = {}
    for each in position.lines:
        found.setdefault(key(each), []).append(each)
    order = sorted(found.items(), key=lambda item: (-balance_of(item[1]), item[0]))
    order = [item for item in order if balance_of(item[1])]
    rows = [
        counted(str(place), Text(f"No. {place}", f"第 {place} 大"), lines, whole)
        for place, (_, lines) in enumerate(order[:LARGEST_SHOWN], 1)
    ]
    top = [line for _, lines in order[:LARGEST_SHOWN] for line in lines]
    rest = [line for _, lines in order[LARGEST_SHOWN:] for line in lines]
    rows.append(counted("top", Text("These together", "以上合计"), top, whole))
    rows.append(counted("others", Text("Others", "其余"), rest, whole))
    rows.append(counted("all", ALL, position.lines, whole))
    return Section(name, text, COUNTED, tuple(rows))


def _marks_missing(position: Position, kind: str) -> tuple[Text, ...]:
    """Of how much nobody said whether it is one, and what was said and could not be used."""
    lines = [each for each in position.lines if not each.stated(kind) and each.balance]
    share = share_of(balance_of(lines), balance_of(position.lines))
    told = "–" if share is None else f"{share:.1%}"
    missing = Text(
        f"Of {told} of the balance nobody has stated whether it is one; the sheet marks.csv in the "
        "workspace's folder of desks is where it is stated.",
        f"{told} 的余额尚无认定记录；认定结果填入工作区台账目录中的 marks.csv。",
    )
    count = position.marks_unused
    if not count:
        return (missing,)
    rows = "row" if count == 1 else "rows"
    unused = Text(
        f"{count} {rows} of marks.csv cannot be used: a cell is missing or cannot be read.",
        f"marks.csv 中有 {count} 行无法使用：单元格缺失或无法识别。",
    )
    return (missing, unused)


def _percent(value: float | Decimal | None) -> Text | None:
    return None if value is None else Text(f"{float(value):.2%}", f"{float(value):.2%}")


def _number(value: int) -> Text:
    return Text(f"{value:,}", f"{value:,}")


def _verdict(holds: bool) -> Text:  # noqa: FBT001  (a condition, not a flag)
    return MET if holds else MISSED


REPORTS: Mapping[str, Callable[[Position], Report]] = {
    each.__name__: each for each in (inclusive, sci_tech, green, classes, concentration)
}
"""By name, in the order in which they are listed."""

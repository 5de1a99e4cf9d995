"""Groups and limits as a workbook in the style of the regulator's G14 report, Chinese first.

Sheets: group customers and dependents as G14 part IV lays them out, single customers as part III,
related parties, every member with its rule and proof, and the rules and limits with their sources.
Amounts are in units of ten thousand of the currency with two decimals, shares in per cent with two
decimals, both rounded half up, as the notes of the 1104 reports ask. Only what is shown is rounded:
whether a limit is passed was decided before, in whole minor units.
"""

import io
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import xlsxwriter

from headrace.adapters.sheets import CREATED
from headrace.graph.groups.finding import Groups
from headrace.graph.groups.kinship import not_understood
from headrace.graph.groups.limits import Capital, Exposures, Usage, usages
from headrace.graph.groups.rules import Denominator, GroupKind, Limit, Rule, Scope
from headrace.graph.groups.words import (
    KIND_WORDS,
    UNVERIFIED,
    Language,
    article_words,
    number_words,
    proof_words,
    rule_words,
    standing,
)
from headrace.money import MINOR_PER_MAJOR

LARGEST = 70  # rows of one list: as many as banks' programs for G14 part IV write
CHARACTERS_MAX = 32_767  # of a cell, in Excel
_TEN_THOUSAND = 10_000
_CENT = Decimal("0.01")
_GROUPS = (Scope.GROUP, Scope.DEPENDENCE, Scope.INTERBANK_GROUP)
_SINGLES = (Scope.CUSTOMER, Scope.INTERBANK_CUSTOMER)
_RELATED = (Scope.RELATED_CUSTOMER, Scope.RELATED_GROUP, Scope.RELATED_ALL)
_SCOPE_WORDS = {
    Scope.CUSTOMER: "非同业单一客户 Single customer",
    Scope.GROUP: "非同业集团客户 Group customer",
    Scope.DEPENDENCE: "经济依存客户 Economically dependent",
    Scope.INTERBANK_CUSTOMER: "同业单一客户 Interbank customer",
    Scope.INTERBANK_GROUP: "同业集团客户 Interbank group",
    Scope.RELATED_CUSTOMER: "单个关联方 Related party",
    Scope.RELATED_GROUP: "关联法人所在集团 Group of a related company",
    Scope.RELATED_ALL: "全部关联方 All related parties",
}
_BASE_WORDS = {
    Denominator.TIER1_NET: "一级资本净额 Net tier 1 capital",
    Denominator.NET: "资本净额 Net capital",
    Denominator.PRIOR_QUARTER_NET: "上季末资本净额 Net capital, last quarter's end",
}
_USAGE_HEADINGS = (
    "序号 No.",
    "客户类型 Type",
    "客户名称 Name",
    "客户代码 Code",
    "成员数（确定） Members, certain",
    "成员数（含可能） Members, with possible",
    "占用（确定） Used, certain",
    "占用（含可能） Used, with possible",
    "占资本比例 Share of capital",
    "资本口径 Capital",
    "限额 Limit",
    "余量 Room",
    "是否超限 Passed",
    "限额 Which limit",
    "依据 Source",
    "核实 Read",
)
_MEMBER_HEADINGS = (
    "组别 Kind",
    "核心名称 Head",
    "核心代码 Code",
    "成员名称 Member",
    "成员代码 Code",
    "认定 Standing",
    "规则 Rule",
    "Rule",
    "数值 Number",
    "依据 Source",
    "核实 Read",
    "证据链 Proof",
    "Proof",
    "风险暴露 Exposure",
    "净授信 Net credit",
    "各项贷款 Loans",
)
_RULE_HEADINGS = (
    "编号 Id",
    "内容",
    "Rule or limit",
    "法规 Regulation",
    "文号 Number",
    "条款 Article",
    "阈值 Threshold",
    "生效 From",
    "失效 Until",
    "核实 Read",
    "所读材料 What was read",
)


def group_sheet(
    groups: Groups,
    exposures: Exposures,
    capital: Capital,
    currency: str = "CNY",
    largest: int = LARGEST,
) -> bytes:
    """The workbook as XLSX bytes; equal input gives equal bytes.

    Args:
        groups: Groups of a moment.
        exposures: At that moment.
        capital: Of the bank; where a denominator is not known its limits stay blank.
        currency: Of all amounts.
        largest: How many rows each limit has, by use; what is left out is said.
    """
    found = usages(groups, exposures, capital)
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        book.set_properties({"created": CREATED})
        sheets = _Sheets(book, groups, currency)
        shown: set[int] = set()
        for title, scopes in (
            ("G14-IV 集团及经济依存", _GROUPS),
            ("G14-III 单一客户", _SINGLES),
            ("关联方", _RELATED),
        ):
            some = [usage for usage in found if usage.limit.scope in scopes]
            shown |= sheets.usages(title, some, largest)
        sheets.members("成员与证据", sorted(shown), exposures)
        sheets.rules("规则与来源")
    return buffer.getvalue()


class _Sheets:
    """Writes the worksheets of one workbook in one style."""

    def __init__(self, book: Any, groups: Groups, currency: str) -> None:
        self._book = book
        self._groups = groups
        self._unit = MINOR_PER_MAJOR[currency] * _TEN_THOUSAND
        self._currency = currency
        # A quote in front keeps text text, even after somebody saves it as CSV and back.
        self._text = book.add_format({"quote_prefix": True, "valign": "top"})
        self._long = book.add_format({"quote_prefix": True, "valign": "top", "text_wrap": True})
        self._money = book.add_format({"num_format": "#,##0.00", "valign": "top"})
        self._share = book.add_format({"num_format": "0.00%", "valign": "top"})
        self._count = book.add_format({"num_format": "0", "valign": "top"})
        self._head = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#EAF2FB"}
        )
        self._title = book.add_format({"bold": True, "font_size": 13})
        self._alarm = book.add_format({"bold": True, "font_color": "#B00020", "valign": "top"})

    def usages(self, title: str, found: Sequence[Usage], largest: int) -> set[int]:
        """One sheet of limits and who uses them; gives the groups that are on it."""
        rows, shown, left_out = [], set(), 0
        for usage in found:
            order = np.lexsort((usage.head, -usage.used_possible, -usage.used))
            order = order[usage.used_possible[order] > 0]
            left_out += max(len(order) - largest, 0)
            for number, at in enumerate(order[:largest].tolist(), start=1):
                shown.add(int(usage.group[at]))
                rows.append(self._usage_row(number, usage, at))
        note = f"单位：万元 {self._currency}，百分比；" + f"另有 {left_out} 行未列示 rows left out"
        self._write(title, _USAGE_HEADINGS, rows, note)
        return shown - {-1}

    def _usage_row(self, number: int, usage: Usage, at: int) -> list[Any]:
        groups, limit = self._groups, usage.limit
        group, head = int(usage.group[at]), int(usage.head[at])
        certain, every = self._members(group)
        room = usage.room
        counted = int(usage.counted[at])
        passed = "超限 PASSED" if usage.breached[at] else "否 no"
        return [
            number,
            _SCOPE_WORDS[limit.scope],
            self._name(head),
            groups.basis.snapshot.names[head].as_py(),
            certain,
            every,
            self._amount(int(usage.used[at])),
            self._amount(int(usage.used_possible[at])),
            None if not usage.base_minor else _Share(counted, usage.base_minor),
            _BASE_WORDS[limit.denominator],
            None if usage.limit_minor is None else self._amount(usage.limit_minor),
            None if room is None else self._amount(int(room[at])),
            "资本未知 capital not known" if usage.limit_minor is None else passed,
            f"{limit.zh} {limit.en}",
            article_words(groups, limit),
            _read(limit),
        ]

    def _members(self, group: int) -> tuple[int, int]:
        if group < 0:
            return 1, 1
        rows = self._groups.memberships
        at = [row for row in self._groups.rows(group) if self._groups.counted[row]]
        certain = {int(rows.member[row]) for row in at if rows.certain[row]}
        return len(certain), len({int(rows.member[row]) for row in at})

    def members(self, title: str, shown: Sequence[int], exposures: Exposures) -> None:
        """One sheet of members: every reason, its article, and the proof in both languages."""
        groups = self._groups
        table = []
        for group in shown:
            seen: set[int] = set()
            for row in groups.rows(group):
                member = int(groups.memberships.member[row])
                counts = bool(groups.counted[row]) and member not in seen
                seen.add(member)
                amounts = (exposures.exposure, exposures.net_credit, exposures.loans)
                told = [self._amount(int(each[member])) if counts else None for each in amounts]
                table.append([*self._member_row(group, row, member), *told])
        note = "一名成员可有多条理由，金额只列一次；集团客户不计自然人"
        unread = len(not_understood(groups.basis))
        if unread:
            note += f"；{unread} 条亲属称谓无法识别，未计入 kinships not understood"
        self._write(title, _MEMBER_HEADINGS, table, note)

    def _member_row(self, group: int, row: int, member: int) -> list[Any]:
        groups, rows = self._groups, self._groups.memberships
        words = KIND_WORDS[GroupKind(int(groups.kind[group]))]
        head, rule = int(groups.head[group]), groups.rule(row)
        certain = bool(rows.certain[row])
        return [
            " ".join(words[language] for language in Language),
            self._name(head),
            groups.basis.snapshot.names[head].as_py(),
            self._name(member),
            groups.basis.snapshot.names[member].as_py(),
            " ".join(standing(language, certain=certain) for language in Language),
            rule_words(groups, row, Language.ZH),
            rule_words(groups, row, Language.EN),
            number_words(groups, row),
            article_words(groups, rule),
            "" if rule is None else _read(rule),
            "\n".join(proof_words(groups, row, Language.ZH)),
            "\n".join(proof_words(groups, row, Language.EN)),
        ]

    def rules(self, title: str) -> None:
        """One sheet of the rules and limits in force, with what they were written from."""
        book = self._groups.book
        table = []
        entries: tuple[Rule | Limit, ...] = (*book.rules, *book.limits)
        for entry in entries:
            source = book.sources[entry.source]
            share = entry.share if isinstance(entry, Limit) else entry.threshold
            table.append(
                [
                    entry.id,
                    entry.zh,
                    entry.en,
                    f"{source.zh} {source.en}",
                    source.number,
                    entry.article,
                    None if share is None else _Share(int(share * 10**9), 10**9),
                    entry.effective_from.isoformat(),
                    "" if entry.effective_until is None else entry.effective_until.isoformat(),
                    _read(entry),
                    source.read,
                ]
            )
        self._write(title, _RULE_HEADINGS, table, f"{self._groups.day.isoformat()} 有效 in force")

    def _name(self, node: int) -> str:
        parties = self._groups.basis.snapshot.parties
        name = parties.names[node].as_py()
        return name if name is not None else str(parties.codes[node].as_py())

    def _amount(self, minor: int) -> "_Amount":
        return _Amount(minor, self._unit)

    def _write(
        self, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], note: str
    ) -> None:
        sheet = self._book.add_worksheet(title)
        sheet.write_string(0, 0, title, self._title)
        sheet.write_string(1, 0, f"{note}；{UNVERIFIED[Language.ZH]} = 未读官方原文", self._text)
        for column, heading in enumerate(headings):
            sheet.write_string(2, column, heading, self._head)
            sheet.set_column(column, column, min(max(len(heading) + 4, 12), 40))
        last = 2
        for last, row in enumerate(rows, start=3):
            for column, value in enumerate(row):
                self._cell(sheet, (last, column), value)
        sheet.freeze_panes(3, 0)
        sheet.autofilter(2, 0, last, len(headings) - 1)

    def _cell(self, sheet: Any, place: tuple[int, int], value: Any) -> None:
        if value is None:
            sheet.write_blank(*place, None, self._text)
        elif isinstance(value, _Amount):
            sheet.write_number(*place, value.shown, self._money)
        elif isinstance(value, _Share):
            sheet.write_number(*place, value.shown, self._share)
        elif isinstance(value, int):
            sheet.write_number(*place, value, self._count)
        else:
            cut = value if len(value) <= CHARACTERS_MAX else value[: CHARACTERS_MAX - 1] + "…"
            style = self._alarm if cut.startswith("超限") else self._text
            sheet.write_string(*place, cut, self._long if "\n" in cut else style)


class _Amount:
    """Minor units, shown in ten thousands with two decimals, half up."""

    def __init__(self, minor: int, unit: int) -> None:
        self.shown = float((Decimal(minor) / unit).quantize(_CENT, ROUND_HALF_UP))


class _Share:
    """A share, shown in per cent with two decimals, half up."""

    def __init__(self, part: int, whole: int) -> None:
        hundredths = (Decimal(part) * 100 / whole).quantize(_CENT, ROUND_HALF_UP)
        self.shown = float(hundredths / 100)


def _read(entry: Rule | Limit) -> str:
    return (
        "已核实 read" if entry.verified else f"{UNVERIFIED[Language.ZH]} {UNVERIFIED[Language.EN]}"
    )

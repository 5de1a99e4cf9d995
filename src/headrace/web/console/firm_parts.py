"""The parts of a firm's page: each is what its template shows, in texts ready to be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from headrace import packs
from headrace.clock import local_day
from headrace.errors import HeadraceError
from headrace.facts.kinds import PARTY
from headrace.features.definition import Unit
from headrace.money import round_half_even
from headrace.pack import Pack, Text
from headrace.web import loan_views
from headrace.web.api.parties import Firm, Position, cases_of, exposure_of, figures_of, positions_of
from headrace.web.console.fact_cells import cell, heading
from headrace.web.console.navigation import firm_at
from headrace.web.console.today import reason_text
from headrace.web.console.words import Words
from headrace.web.firm_desk import Trade
from headrace.web.reading import Asked, leave_now, read_facts
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services
from headrace.workflows.explain import Explanation
from headrace.workflows.firm import Month

MONTHS_SHOWN = 12
LABEL_WIDTH = 150  # pixels, beside the bars


@dataclass(frozen=True)
class Look:
    """Who looks at which firm.

    Attributes:
        services: Of the app.
        principal: Who looks.
        firm: Whom at.
        words: The language.
    """

    services: Services
    principal: Principal
    firm: Firm
    words: Words

    @property
    def party(self) -> str:
        """Code of the firm."""
        return self.firm.who.party

    @property
    def currency(self) -> str:
        """Of amounts."""
        return (
            self.firm.decision.currency if self.firm.decision else self.services.workspace.currency
        )

    @property
    def pack(self) -> Pack:
        """That made the run."""
        return packs.load(self.firm.firms.run.about.pack)

    def money(self, minor: int | None) -> str:
        """An amount as people say it; empty where there is none."""
        return "" if minor is None else self.words.money(minor, self.currency)

    def cell(self, value: Any, name: str) -> str:
        """A value of a fact's column."""
        zone = self.firm.firms.run.about.zone
        return cell(value, name, zone=zone, currency=self.currency, words=self.words)

    def facts_at(self, **asked: str) -> str:
        """The address of the facts behind something."""
        told = "&".join(f"{name}={quote(value)}" for name, value in asked.items())
        return f"/firms/{quote(self.party, safe='')}/facts?{told}"


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        head: What it is about.
        cells: The others.
        href: Where its head leads; empty: nowhere.
        note: Below the head; empty: nothing.
        mark: Name of a style; empty: none.
    """

    head: str
    cells: tuple[str, ...]
    href: str = ""
    note: str = ""
    mark: str = ""


def profile_part(look: Look) -> Mapping[str, Any]:
    """What is last known of the firm itself, and what is at risk."""
    at_risk = sum(
        each.amount_minor for each in positions_of(look.services, look.principal, look.party)
    )
    try:
        found = read_facts(look.services, look.principal, PARTY.kind, Asked(look.party)).facts
    except HeadraceError:
        found = PARTY.empty()
    last = (found.sort_by("known_time").to_pylist() or [{}])[-1]
    return {
        "at_risk": look.money(at_risk) if at_risk else look.words("firm_none"),
        "described": [
            (heading(each.name, look.words), look.cell(last[each.name], each.name))
            for each in PARTY.fields
            if last.get(each.name) is not None and each.name != "name"
        ],
    }


def score_part(look: Look) -> Mapping[str, Any]:
    """Why it was decided so: points, rules, the limit and the price."""
    decision = look.firm.decision
    if decision is None:
        return {"explained": None}
    found = look.services.firms.once(
        "score", look.party, lambda firms: firms.explanation(look.party)
    )
    words, pack = look.words, look.pack
    lines = [_line(look, pack, each) for each in found.lines]
    return {
        "explained": found,
        "reasons": [words.of(reason_text(pack, each)) for each in decision.reasons],
        "lines": lines,
        "mean": f"{found.points_mean_applicant:.0f}",
        "uncertainty": f"{found.points_of_uncertainty:+.1f}",
        "total": f"{found.points:.0f}",
        "chart": _points_chart(look, found),
        "rules": [
            Row(f"{each.table} {each.row}", (words.asked(each.text),)) for each in decision.rules
        ],
        "limit_parts": _limit_parts(look),
        "rate_parts": _rate_parts(look),
        "decision_id": decision.decision_id,
    }


def _line(look: Look, pack: Pack, line: Any) -> Row:
    words = look.words
    named = {each.name: each for each in pack.features}.get(line.feature)
    label = words.of(Text(named.en, named.zh)) if named else line.feature
    behind = (
        words("firm_facts_behind", n=words.count(line.facts), first=line.first, last=line.last)
        if line.facts
        else words("firm_of_graph")
    )
    again = {None: "", True: words("firm_same"), False: words("firm_differs")}[line.again]
    href = look.facts_at(feature=line.feature) if line.facts else graph_at(look.party)
    unit = named.unit if named else Unit.RATIO
    shown = value_text(line.value, unit, look)
    mark = "good" if line.points >= 0 else "warn"
    return Row(label, (f"{line.points:+.1f}", shown, behind, again), href, mark=mark)


def _points_chart(look: Look, found: Explanation) -> Mapping[str, Any]:
    """Bars to the right and to the left, in two colours."""
    named = {each.name: Text(each.en, each.zh) for each in look.pack.features}
    lines = sorted(found.lines, key=lambda each: each.points)
    labels = [
        look.words.of(named.get(each.feature, Text(each.feature, each.feature))) for each in lines
    ]
    signs = {"firm_for": [max(each.points, 0) for each in lines]}
    signs["firm_against"] = [min(each.points, 0) for each in lines]
    return {
        "grid": {"left": LABEL_WIDTH + 44, "right": 16, "top": 30, "bottom": 24},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "legend": {"top": 0, "right": 0},
        "xAxis": {"type": "value"},
        "yAxis": {
            "type": "category",
            "data": labels,
            "axisTick": {"show": False},
            "axisLabel": {"width": LABEL_WIDTH, "overflow": "truncate", "interval": 0},
        },
        "series": [
            {"type": "bar", "stack": "points", "name": look.words(name), "data": points}
            for name, points in signs.items()
        ],
    }


def _limit_parts(look: Look) -> list[tuple[str, str]]:
    parts = look.firm.decision.limit_parts if look.firm.decision else None
    if parts is None:
        return []
    told = {
        "firm_cap_turnover": parts.cap_by_turnover_minor,
        "firm_cap_class": parts.cap_by_class_minor,
        "firm_cap": parts.cap_minor,
        "firm_offered": parts.offered_minor,
    }
    return [(look.words(name), look.money(each)) for name, each in told.items() if each is not None]


def _rate_parts(look: Look) -> list[tuple[str, str]]:
    decision = look.firm.decision
    if decision is None or decision.rate is None or decision.rate_parts is None:
        return []
    parts, words = decision.rate_parts, look.words
    told: dict[str, float | Decimal | None] = {
        "firm_funding": parts.funding,
        "firm_expected_loss": parts.expected_loss,
        "firm_forgone": parts.interest_forgone,
        "firm_margin": parts.margin,
        "firm_rate": decision.rate,
    }
    return [(words(name), words.share(each, 2)) for name, each in told.items()]


def trade_part(look: Look) -> Mapping[str, Any]:
    """Sales and purchases by the month, and with whom."""
    found: Trade = look.firm.firms.trade(look.party, leave_now(look.services))
    newest = found.months[::-1]
    return {
        "months": [_month(look, each) for each in newest[:MONTHS_SHOWN]],
        "earlier": [_month(look, each) for each in newest[MONTHS_SHOWN:]],
        "chart": _trade_chart(look, found.months),
        "customers": _partners(look, found.customers, sum(each.sales for each in found.months)),
        "suppliers": _partners(look, found.suppliers, sum(each.purchases for each in found.months)),
        "left_out": left_out(look.words, found.of_purpose, found.of_consent),
    }


def _month(look: Look, month: Month) -> Row:
    words = look.words
    cells = (
        look.money(month.sales),
        words.count(month.sales_count),
        look.money(month.purchases),
        words.count(month.purchase_count),
    )
    return Row(month.month, cells, look.facts_at(kind="invoice", month=month.month))


def _trade_chart(look: Look, months: Sequence[Month]) -> Mapping[str, Any]:
    words = look.words
    wan = words.language == "zh"
    unit = 1_000_000 if wan else 100_000
    sums = {"firm_sales": [each.sales for each in months]}
    sums["firm_purchases"] = [each.purchases for each in months]
    return {
        "grid": {"left": 8, "right": 16, "top": 40, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0, "right": 0},
        "xAxis": {"type": "category", "data": [each.month for each in months]},
        "yAxis": {"type": "value", "name": words("firm_unit"), "nameTextStyle": {"align": "left"}},
        "series": [
            {
                "type": "line",
                "name": words(name),
                "showSymbol": False,
                "data": [round(each / unit, 2) for each in values],
            }
            for name, values in sums.items()
        ],
    }


def _partners(look: Look, found: Sequence[tuple[str, int, int]], whole: int) -> list[Row]:
    parties, words = look.firm.firms.parties, look.words
    scope = scope_of(look.principal)
    known = {
        code: parties[code].name
        for code, _, _ in found
        if code in parties and scope.sees(parties[code].region)
    }
    return [
        Row(
            known.get(code) or code,
            (
                look.money(amount),
                words.share(amount / whole if whole else None),
                words.count(count),
            ),
            firm_at(code) if code in known else graph_at(code),
        )
        for code, amount, count in found
    ]


@dataclass(frozen=True)
class Figure:
    """A figure among those of peers; `low` and `wide` place the middle half, `at` the firm."""

    label: str
    value: str
    peers: str
    rank: str
    at: float | None
    href: str


def figures_part(look: Look) -> Mapping[str, Any]:
    """The figures, those that are missing first said so."""
    try:
        found = figures_of(look.services, look.principal, look.party)
    except HeadraceError:
        return {"figures": None}
    words, pack = look.words, look.pack
    feature_set = pack.feature_set
    rows = []
    for each in found.items:
        unit = Unit(each.unit)
        told = [value_text(at, unit, look) for at in (each.low, each.middle, each.high)]
        behind = bool(feature_set.measures_behind(each.feature))
        rows.append(
            Figure(
                words.of(Text(each.en, each.zh)),
                value_text(each.value, unit, look),
                "" if each.middle is None else " – ".join(told),
                "" if each.rank is None else words.share(each.rank, 0),
                None if each.rank is None else round(each.rank * 100, 1),
                look.facts_at(feature=each.feature) if behind else graph_at(look.party),
            )
        )
    return {
        "figures": rows,
        "peers": found.peers,
        "count": max((each.peers for each in found.items), default=0),
        "missing": len(found.missing),
        "definitions": found.version,
        "day": local_day(found.as_of, look.firm.firms.run.about.zone).isoformat(),
    }


def exposure_part(look: Look) -> Mapping[str, Any]:
    """What is at risk, the groups, and the room under each limit."""
    found = exposure_of(look.services, look.principal, look.party)
    words, zh = look.words, look.words.language == "zh"
    members = found.group.members if found.group else ()
    rooms = found.group.room if found.group else ()
    groups: dict[tuple[str, str], list[Row]] = {}
    for each in members:
        key = (each.kind, each.head_name or each.head)
        note = " · ".join(each.proof_zh if zh else each.proof_en)
        told = (
            each.rule_zh if zh else each.rule_en,
            "" if each.certain else words("firm_possible"),
        )
        row = Row(each.member_name or each.member, told, firm_at(each.member), note)
        groups.setdefault(key, []).append(row)
    return {
        "positions": [_position(look, each) for each in found.positions],
        "total": look.money(found.total_minor),
        "groups": [
            (words("firm_group_of", head=head), kind, rows) for (kind, head), rows in groups.items()
        ],
        "rooms": [
            Row(
                each.limit_zh if zh else each.limit_en,
                (
                    look.money(each.used_minor),
                    look.money(each.limit_minor),
                    look.money(each.room_minor) or words("firm_capital_unknown"),
                ),
            )
            for each in rooms
        ],
    }


def _position(look: Look, position: Position) -> Row:
    zone = look.firm.firms.run.about.zone
    day = local_day(position.since, zone).isoformat() if position.since else ""
    told = (look.money(position.amount_minor), look.money(position.deductible_minor), day)
    return Row(position.product or "", told, look.facts_at(kind="exposure"), position.fact)


def contracts_part(look: Look) -> Mapping[str, Any]:
    """The contracts of the book."""
    try:
        found = loan_views.listed(look.services)
    except HeadraceError:
        return {"contracts": [], "day": ""}
    words = look.words
    return {
        "contracts": [
            Row(
                each.contract,
                (
                    _known(words, "firm_status_", each.status),
                    _known(words, "firm_grade_", each.grade),
                    look.money(each.principal_minor),
                    look.money(each.owed_minor),
                    words.count(each.overdue_days),
                    words.share(each.rate, 2),
                ),
                f"/book/loans/{quote(each.contract, safe='')}",
            )
            for each in found.lines
            if each.party == look.party
        ],
        "day": found.day.isoformat(),
    }


def cases_part(look: Look) -> Mapping[str, Any]:
    """Cases about the firm."""
    numbers = cases_of(look.services, look.principal, look.party)
    found = [look.services.cases.case(each) for each in numbers]
    words = look.words
    return {
        "cases": [
            Row(
                str(each.number),
                (
                    _known(words, "firm_case_", each.state.value),
                    words.count(len(each.alerts)),
                    each.owner,
                ),
                f"/cases/{each.number}",
                each.policy,
            )
            for each in found
        ]
    }


def evidence_part(look: Look) -> Mapping[str, Any]:
    """What proves the decision."""
    decision = look.firm.decision
    return {
        "decision_id": decision.decision_id if decision else None,
        "versions": []
        if decision is None
        else [(each.name, each.digest) for each in decision.versions],
    }


def value_text(value: float | None, unit: Unit, look: Look) -> str:
    """A figure with its unit; missing is said, and is not zero."""
    words = look.words
    if value is None:
        return words("firm_missing")
    if unit is Unit.MONEY:
        return look.money(round_half_even(value))
    if unit is Unit.SHARE:
        return words.share(value)
    if unit is Unit.RATIO:
        return f"{value:,.2f}"
    if unit is Unit.FLAG:
        return words("firm_yes") if value else words("firm_no")
    return f"{value:,.0f}"


def left_out(words: Words, of_purpose: int, of_consent: int) -> tuple[str, ...]:
    """What is said of facts that may not be read."""
    told = {"firm_left_purpose": of_purpose, "firm_left_consent": of_consent}
    return tuple(words(name, n=words.count(n)) for name, n in told.items() if n)


def graph_at(party: str) -> str:
    """The address of the graph around a party."""
    return f"/graph?party={quote(party, safe='')}"


def _known(words: Words, begins: str, code: str) -> str:
    name = f"{begins}{code}"
    return words(name) if words.has(name) else code


PARTS = {
    "profile": profile_part,
    "score": score_part,
    "trade": trade_part,
    "figures": figures_part,
    "exposure": exposure_part,
    "contracts": contracts_part,
    "cases": cases_part,
    "evidence": evidence_part,
}
"""By name; the template of each is firm_<name>.html."""
NEEDS = {"contracts": "loans", "cases": "cases", "evidence": "evidence", "relations": "graph"}
"""Permissions beside `firms` that a part needs."""

"""What pages about policies show: texts ready to be read, marks on cells, a trial's chart."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from headrace.adapters.loan_books import ZONE
from headrace.decisions.flow.policy import ACTIONS
from headrace.decisions.flow.rollout import PLACES
from headrace.pack import Pack, Text
from headrace.web.console.words import Words
from headrace.workflows.policy_check import Checked, header_row, rows_of
from headrace.workflows.policy_errors import Remark
from headrace.workflows.policy_history import Act, Companion, Deed, History, Version

PLACE = ZoneInfo(ZONE)
TAGS = {"approved": "good", "rejected": "warn", "open": ""}
SEVERITIES = {"refused": "warn", "error": "warn", "warning": "", "note": ""}
PARTS_SHOWN, EFFECTS_SHOWN = 12, 12
FIGURES = ("approval_rate", "price_weighted", "expected_loss_share", "realised_rate")
DECIDER = re.compile(
    r"(?P<table>[^,]+), rule (?P<rule>\d+)(?: \(row (?P<row>\d+)\))?: (?P<text>.*)", re.DOTALL
)
"""As `headrace.decisions.whatif.rules.decider` writes it."""


@dataclass(frozen=True)
class VersionView:
    """A version as pages show it."""

    number: int
    state: str
    tag: str
    author: str
    comment: str
    at: str
    by: str
    is_in_force: bool


@dataclass(frozen=True)
class ActView:
    """An act as the history shows it."""

    number: int
    at: str
    by: str
    what: str
    comment: str
    digest: str


@dataclass(frozen=True)
class RemarkView:
    """A remark as the editor shows it; `file`, `rows` and `column` are for its script."""

    kind: str
    severity: str
    file: str
    rows: str
    column: str
    place: str
    problem: str
    remedy: str
    case: str


def version_views(history: History, now: int, words: Words) -> list[VersionView]:
    """All versions, the newest first."""
    active = history.active_at(now)
    return [version_view(each, active, words) for each in reversed(history.versions)]


def version_view(version: Version, active: int | None, words: Words) -> VersionView:
    """One version."""
    told = version.proposal
    return VersionView(
        number=version.number,
        state=words(f"policies_state_{version.state}"),
        tag=TAGS[version.state],
        author=told.by,
        comment=told.comment,
        at=words.moment(told.at, PLACE),
        by=", ".join(each.by for each in version.verdicts),
        is_in_force=version.number == active,
    )


def act_views(acts: Sequence[Act], words: Words) -> list[ActView]:
    """Acts, the newest first."""
    return [
        ActView(
            number=act.number,
            at=words.moment(act.at, PLACE),
            by=act.by,
            what=_deed(act, words),
            comment=act.comment,
            digest=act.digest()[:12],
        )
        for act in reversed(acts)
    ]


def beside_text(companion: Companion, words: Words) -> str:
    """What a version does beside the one in force."""
    share = _customers(companion.share, words)
    at = words.moment(companion.since, PLACE)
    return words(f"policies_beside_{companion.mode.value}", share=share, at=at)


def _customers(places: int, words: Words) -> str:
    """A share of customers, given in places of `PLACES`; whole percents without decimals."""
    return words.share(places / PLACES, 2 if 100 * places % PLACES else 0)


def decider_text(told: str, words: Words) -> str:
    """What decided, as a trial kept it in English; anything but a rule of a table as it is."""
    found = DECIDER.fullmatch(told)
    if found is None:
        return told
    name = "policies_decider" if found["row"] is None else "policies_decider_row"
    return words(name, **found.groupdict() | {"text": words.asked(found["text"])})


def _deed(act: Act, words: Words) -> str:
    if act.deed is Deed.SET_BESIDE:
        deed = act.told["mode"] if act.told["share"] else "withdraw"
        share = _customers(act.told["share"], words)
        return words(f"policies_deed_{deed}", version=act.version, share=share)
    said = words(f"policies_deed_{act.deed.value}", version=act.version)
    if act.deed in {Deed.ACTIVATE, Deed.ROLL_BACK} and act.start > act.at:
        return words("policies_deed_from", deed=said, at=words.moment(act.start, PLACE))
    return said


def remark_views(
    remarks: Sequence[Remark], words: Words, texts: Mapping[str, str]
) -> list[RemarkView]:
    """Remarks for people, in their language.

    Args:
        remarks: What is wrong or odd.
        words: In which language.
        texts: The files, by name: a row of a table is told by the number of its rule.
    """
    return [
        RemarkView(
            kind=each.severity,
            severity=SEVERITIES[each.severity],
            file=each.file,
            rows=" ".join(map(str, each.rows)),
            column=each.column,
            place=_place(each, words, texts.get(each.file, "")),
            problem=words.of(each.problem),
            remedy=words.of(each.remedy),
            case=each.case,
        )
        for each in remarks
    ]


def _place(remark: Remark, words: Words, text: str) -> str:
    header = header_row(rows_of(text.encode())) if text.startswith("#") else 0
    rules = [row - header for row in remark.rows]
    if header and rules and min(rules) > 0:
        rows = words("policies_rule", rule=", ".join(map(str, rules)))
    else:
        rows = words("policies_row", row=", ".join(map(str, remark.rows))) if remark.rows else ""
    return " · ".join(filter(None, (remark.file, rows, remark.column.partition(":")[2])))


def vocabulary(checked: Checked, pack: Pack | None, words: Words) -> list[tuple[str, str]]:
    """Names that cells may cite, and what people call them."""
    named = labels_of(pack, words)
    known = dict(checked.kinds) or dict.fromkeys(named, "number")
    return [(name, named.get(name, kind)) for name, kind in known.items()]


def labels_of(pack: Pack | None, words: Words) -> dict[str, str]:
    """What people call each feature of a pack, by name."""
    features = () if pack is None else pack.features
    return {each.name: words.of(Text(each.en, each.zh)) for each in features}


def allowed(pack: Pack | None) -> dict[str, list[str]]:
    """What outputs of a name may say."""
    reasons: set[str] = set()
    if pack is not None:
        reasons |= set(pack.customer_reasons)
        reasons |= set(pack.lending.reasons) if pack.lending else set()
    actions = list(ACTIONS)
    if pack is not None and pack.lending is not None:
        actions = ["approve", "refer", "decline"]
    return {"action": actions, "reason": sorted(reasons)}


# --- trials ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One figure of both policies, and how far they are apart."""

    name: str
    old: str
    new: str
    apart: str


@dataclass(frozen=True)
class RolloutView:
    """What a version beside the one in force decided, ready to be read.

    Attributes:
        side: What it stands there for.
        lead: On what both are judged.
        cases: Of the champion, and of the other.
        lines: The figures.
        is_small: Whether there are too few cases to conclude much.
    """

    side: str
    lead: str
    cases: tuple[str, str]
    lines: tuple[Line, ...]
    is_small: bool


@dataclass(frozen=True)
class TrialView:
    """A trial, ready to be read."""

    lead: str
    rollout: RolloutView | None
    first: tuple[Line, ...]
    money: tuple[Line, ...]
    parts: tuple[tuple[str, tuple[tuple[str, str, tuple[Line, ...], bool], ...]], ...]
    matrix: tuple[tuple[str, tuple[tuple[str, bool], ...]], ...]
    actions: tuple[str, ...]
    moved: tuple[tuple[str, str, str, str, str], ...]
    chart: Mapping[str, Any]
    points: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    is_simulated: bool


def trial_view(told: Mapping[str, Any], words: Words) -> TrialView:
    """A trial from what `simulate_policy.told` said."""
    whole, currency = told["whole"], told["currency"]
    counted = words("policies_trial_lead", cases=f"{told['cases']:,}", n=f"{told['changed']:,}")
    actions = tuple(dict.fromkeys(name for row in told["matrix"].values() for name in row))
    return TrialView(
        lead=counted,
        rollout=rollout_view(told, words),
        first=tuple(_line(whole, name, words) for name in FIGURES),
        money=tuple(_money(whole, name, currency, words) for name in _MONEY),
        parts=tuple(_parts(name, each, words) for name, each in told["parts"].items()),
        matrix=tuple(
            (
                words(f"policies_action_{old}"),
                tuple((f"{row[new]:,}", old != new and row[new] > 0) for new in actions),
            )
            for old, row in told["matrix"].items()
        ),
        actions=tuple(words(f"policies_action_{each}") for each in actions),
        moved=tuple(
            (
                words(f"policies_action_{each['old']}"),
                words(f"policies_action_{each['new']}"),
                decider_text(each["old_by"], words),
                decider_text(each["new_by"], words),
                f"{each['count']:,}",
            )
            for each in told["moved"][:EFFECTS_SHOWN]
        ),
        chart=_chart(told, words),
        points=_points(told, words),
        notes=tuple(each[words.language] for each in told["notes"]),
        is_simulated=bool(told["simulated"]),
    )


def rollout_view(told: Mapping[str, Any], words: Words) -> RolloutView | None:
    """What each decided beside the other; None where it is a trial on history."""
    found = told.get("rollout")
    if found is None:
        return None
    mode, compared = found["mode"], found["compared"]
    cases = tuple(words.count(compared[side]["cases"]) for side in ("old", "new"))
    return RolloutView(
        side=words(f"policies_side_{mode}"),
        lead=words("policies_rollout_lead" if mode == "challenger" else _SHADOW_LEAD),
        cases=(cases[0], cases[1]),
        lines=tuple(_line(compared, name, words) for name in FIGURES[:3]),
        is_small=bool(compared["small"]),
    )


_SHADOW_LEAD = "policies_rollout_lead_shadow"
_MONEY = ("exposure_minor", "expected_loss_minor")


def _line(each: Mapping[str, Any], name: str, words: Words) -> Line:
    old, new = (each[side]["figures"][name] for side in ("old", "new"))
    return Line(
        words(f"policies_figure_{name}"),
        words.share(old["value"], 2),
        words.share(new["value"], 2),
        _apart(each["differences"][name]),
    )


def _apart(figure: Mapping[str, Any]) -> str:
    """A difference in percentage points, with its interval."""
    if figure["value"] is None:
        return "–"
    value = f"{100 * figure['value']:+.2f}"
    if figure["low"] is None:
        return value
    return f"{value} [{100 * figure['low']:+.2f}, {100 * figure['high']:+.2f}]"


def _money(each: Mapping[str, Any], name: str, currency: str, words: Words) -> Line:
    old, new = each["old"][name], each["new"][name]

    def text(minor: int) -> str:
        return words.money(minor, currency) if currency else f"{minor:,}"

    return Line(words(f"policies_figure_{name}"), text(old), text(new), text(new - old))


def _parts(
    name: str, parts: Sequence[Mapping[str, Any]], words: Words
) -> tuple[str, tuple[tuple[str, str, tuple[Line, ...], bool], ...]]:
    """Segments in order of their size: name, cases, the three numbers, whether cases are few."""
    largest = sorted(parts, key=lambda each: -each["old"]["cases"])[:PARTS_SHOWN]
    return words.of(_PARTS.get(name, Text(name, name))), tuple(
        (
            words("policies_missing") if each["value"] is None else each["value"],
            f"{each['old']['cases']:,}",
            tuple(_line(each, figure, words) for figure in FIGURES[:3]),
            bool(each["small"]),
        )
        for each in largest
    )


_PARTS = {
    "industry": Text("industry", "行业"),
    "region": Text("region", "地区"),
    "rating_class": Text("rating class", "评级"),
}


def _chart(told: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """Approval against expected loss: what could be had, and where both policies sit."""
    found = told["frontier"]
    axis = {"axisLabel": {"formatter": "{value}%"}, "scale": True, "nameLocation": "middle"}
    series: list[dict[str, Any]] = [
        {
            "type": "line",
            "name": words("policies_frontier_line"),
            "showSymbol": False,
            "data": [_place_of(each) for each in found["points"]],
        }
    ]
    for side, symbol in (("old", "circle"), ("new", "diamond")):
        if found[side] is not None:
            series.append(
                {
                    "type": "scatter",
                    "name": words(f"policies_side_{side}"),
                    "symbol": symbol,
                    "symbolSize": 15,
                    "data": [_place_of(found[side])],
                }
            )
    return {
        "grid": {"left": 56, "right": 24, "top": 44, "bottom": 48},
        "legend": {"top": 0, "left": 0, "itemGap": 34, "itemWidth": 16},
        "tooltip": {"trigger": "item"},
        "xAxis": {**axis, "name": words("policies_figure_approval_rate"), "nameGap": 28},
        "yAxis": {**axis, "name": words("policies_figure_expected_loss_share"), "nameGap": 42},
        "series": series,
    }


def _place_of(point: Mapping[str, Any]) -> list[float]:
    share = 100 * point["approval_rate"], 100 * point["expected_loss_share"]
    return [round(each, 3) for each in share]


def _points(told: Mapping[str, Any], words: Words) -> tuple[tuple[str, str, str], ...]:
    """The chart as a table: some points of the line, and both policies."""
    found = told["frontier"]
    step = max(1, len(found["points"]) // 10)
    rows = [(words("policies_frontier_line"), each) for each in found["points"][::step]]
    rows += [
        (words(f"policies_side_{side}"), found[side]) for side in ("old", "new") if found[side]
    ]
    return tuple(
        (name, words.share(each["approval_rate"], 1), words.share(each["expected_loss_share"], 2))
        for name, each in rows
    )

"""What the graph answers, as the API tells it and the console shows it.

Shares are 0 to 1, money is in minor units, times are microseconds since 1970.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, TypeVar

import pyarrow as pa
from pydantic import Field

from headrace.errors import InputError
from headrace.facts.localtime import DAY_US, microseconds
from headrace.graph.groups.limits import Capital
from headrace.graph.ownership.rulesets import CN_BENEFICIAL_OWNERS
from headrace.graph.structures.tracing import Rule
from headrace.web.api.bodies import body
from headrace.web.graph_desk import Look
from headrace.web.graph_sight import Sight
from headrace.workflows import graph_contagion, graph_ownership
from headrace.workflows.graph_groups import member_table, room_table
from headrace.workflows.graph_near import Line, Node
from headrace.workflows.graph_structures import trace_loan

FAILED_MAX, CODE_MAX = 50, 200
Row = TypeVar("Row")


@dataclass(frozen=True)
class Found:
    """A party by its code or name, and how many relations it has."""

    party: str
    name: str | None
    type: str
    relations: int


@dataclass(frozen=True)
class Neighbourhood:
    """What is around a party; what was too much for one answer is counted.

    Attributes:
        party: Code of the party asked about.
        day: The day asked about.
        known_by: The day of knowledge.
        parties: Nearest first.
        lines: Between them.
        parties_left_out: How many more lie within the depth.
        lines_left_out: How many more lines are between the parties here.
        not_shown_purpose: Facts that are nowhere in the graph: they serve another purpose.
        not_shown_consent: Facts that are nowhere in the graph: the consent was withdrawn.
    """

    party: str
    day: date
    known_by: date
    parties: tuple[Node, ...]
    lines: tuple[Line, ...]
    parties_left_out: int
    lines_left_out: int
    not_shown_purpose: int = 0
    not_shown_consent: int = 0


@dataclass(frozen=True)
class Step:
    """One relation of a path, with its fact; times are ISO 8601."""

    relation: str
    subject: str
    subject_name: str | None
    object: str
    object_name: str | None
    role: str | None
    about: str | None
    share: tuple[float, float] | None
    amount_minor: int | None
    since: str | None
    until: str | None
    fact: str


@dataclass(frozen=True)
class Connection:
    """How two parties are connected; no steps where they are not, or are one."""

    connected: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Holder:
    """Who has a share over all chains, least and most."""

    party: str
    name: str | None
    share_low: float
    share_high: float
    ultimate: bool


@dataclass(frozen=True)
class Control:
    """Who controls whom by votes, certainly or possibly."""

    controller: str
    controller_name: str | None
    controlled: str
    controlled_name: str | None
    certain: bool
    jointly: bool
    ultimate: bool
    votes_low: float
    votes_high: float


@dataclass(frozen=True)
class Owner:
    """A beneficial owner by a test of the rules; `verified`: against the text of the law."""

    owner: str
    owner_name: str | None
    test: str
    test_zh: str
    certain: bool
    share_low: float
    share_high: float
    rules: str
    verified: bool


@dataclass(frozen=True)
class Proved:
    """Steps in words and the facts they rest on."""

    lines: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Owners:
    """Who stands behind a party; `proofs` are of `control`, then of `beneficial`, in order."""

    party: str
    name: str | None
    holders: tuple[Holder, ...]
    control: tuple[Control, ...]
    beneficial: tuple[Owner, ...]
    proofs: tuple[Proved, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True)
class ControlPage:
    """Some pairs of controller and controlled; `next` is None on the last page."""

    items: tuple[Control, ...]
    next: str | None


@dataclass(frozen=True)
class Member:
    """A member of a group that the party is in, by a rule, with its proof."""

    kind: str
    head: str
    head_name: str | None
    member: str
    member_name: str | None
    certain: bool
    rule: str | None
    rule_en: str
    rule_zh: str
    article: str | None
    verified: bool | None
    number: str | None
    facts: tuple[str, ...]
    proof_en: tuple[str, ...]
    proof_zh: tuple[str, ...]


@dataclass(frozen=True)
class Room:
    """A limit, what is used of it, and what is left; None where the capital is not known."""

    limit: str
    limit_en: str
    limit_zh: str
    head: str | None
    capital: str
    limit_minor: int | None
    used_minor: int
    room_minor: int | None


@dataclass(frozen=True)
class Group:
    """The groups of a party, and its room under every limit."""

    party: str
    name: str | None
    day: date
    members: tuple[Member, ...]
    room: tuple[Room, ...]


@dataclass(frozen=True)
class Ring:
    """Parties that met over things, or dealt, more closely than chance."""

    ring: int
    pattern: str
    parties: tuple[str, ...]
    things: tuple[str, ...]
    density: float
    share: float
    circles: int
    closed_by: str | None
    facts: tuple[str, ...]


@dataclass(frozen=True)
class Circle:
    """Parties that guarantee one another, what is net, and which guarantees to replace."""

    circle: int
    parties: tuple[str, ...]
    kinds: tuple[str, ...]
    guarantees: tuple[str, ...]
    amount_minor: int
    unknown: int
    net_minor: int
    replace: tuple[str, ...]
    replace_minor: int
    exact: bool


@dataclass(frozen=True)
class TraceStep:
    """A transfer that carried the loan's money."""

    step: int
    payer: str
    payee: str
    time: int
    amount_minor: int
    traced_minor: int
    hops: int
    fact: str


@dataclass(frozen=True)
class TraceEnd:
    """Where money of the loan ended, and why it went no further."""

    party: str
    end: str
    traced_minor: int


@dataclass(frozen=True)
class Trace:
    """Where a loan went; `whole` is false where the work was cut off."""

    borrower: str
    amount_minor: int
    returned_minor: int
    whole: bool
    steps: tuple[TraceStep, ...]
    ends: tuple[TraceEnd, ...]


@body
class WhatIf:
    """Who fails, and what facts do not say: see the guide on contagion.

    Attributes:
        failed: Codes.
        buffer: What each firm has beyond its debts, as a share of its yearly sales.
        margin: What a lost customer costs, as a share of the year's sales to it.
        recovery: What is left of who fails, 0 to 1.
        day: The day asked about; None: that of the run.
        known_by: The day of knowledge; None: `day`.
    """

    failed: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=CODE_MAX)], ...],
        Field(min_length=1, max_length=FAILED_MAX),
    ]
    buffer: Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)] = 0.05
    margin: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.1
    recovery: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5
    day: date | None = None
    known_by: date | None = None


@dataclass(frozen=True)
class Loss:
    """What a party loses; `(bank)` is the lender of the exposures."""

    party: str
    name: str | None
    failed: bool
    loss_minor: int


@dataclass(frozen=True)
class LossEdge:
    """Along which relation a loss came, with a fact of it."""

    way: str
    source: str
    target: str
    amount_minor: int
    fact: str


@dataclass(frozen=True)
class Contagion:
    """What the failure of some parties costs, by whom and along which relations."""

    total_minor: int
    failed: int
    losses: tuple[Loss, ...]
    edges: tuple[LossEdge, ...]


def connection(look: Look, sight: Sight, first: str, second: str) -> Connection:
    """How two parties are connected; a chain over somebody hidden is none.

    Raises:
        InputError: No fact names one, or it is hidden.
    """
    sight.require(look, first, second)
    found = look.path(first, second)
    ends = [row[name] for row in found or [] for name in ("subject", "object", "about")]
    if not sight.clear(ends):
        found = None
    steps = [
        Step(**{name: _fixed(told) for name, told in row.items() if not name.startswith("words")})
        for row in found or []
    ]
    return Connection(found is not None, tuple(steps))


def owners_of(look: Look, sight: Sight, party: str, language: str) -> Owners:
    """Who stands behind a party; findings in a language, zh or en.

    Raises:
        InputError: No fact names it, or it is hidden.
    """
    sight.require(look, party)
    found = graph_ownership.owned(look.view, party, CN_BENEFICIAL_OWNERS)
    beneficial = found.beneficial.drop_columns(["company", "company_name"])
    proofs = [Proved(each.lines, each.facts) for each in found.proofs]
    control = list(zip(rows(found.control, Control), proofs, strict=False))
    owning = list(zip(rows(beneficial, Owner), proofs[len(control) :], strict=True))
    control = [
        each
        for each in control
        if sight.clear([each[0].controller, each[0].controlled]) and sight.clear_text(each[1].lines)
    ]
    owning = [
        each for each in owning if sight.clear([each[0].owner]) and sight.clear_text(each[1].lines)
    ]
    return Owners(
        party=party,
        name=look.name_of(party),
        holders=tuple(each for each in rows(found.holders, Holder) if sight.clear([each.party])),
        control=tuple(each for each, _ in control),
        beneficial=tuple(each for each, _ in owning),
        proofs=(*(proof for _, proof in control), *(proof for _, proof in owning)),
        findings=tuple(zh if language == "zh" else en for en, zh in found.findings),
    )


def group_of(look: Look, sight: Sight, party: str, capital: Capital) -> Group:
    """The groups of a party, and its room; what others use counts though they are hidden.

    Raises:
        InputError: No fact names it, or it is hidden.
    """
    sight.require(look, party)
    members = tuple(
        each
        for each in rows(member_table(look.book.groups, party), Member)
        if sight.clear([each.head, each.member]) and sight.clear_text(each.proof_en)
    )
    room = tuple(
        each if sight.clear([each.head]) else replace(each, head=None)
        for each in rows(room_table(look.book, capital, party), Room)
    )
    return Group(party, look.name_of(party), look.day, members, room)


def trace_of(look: Look, sight: Sight, party: str, day: date, how: tuple[str, int]) -> Trace:
    """Where a loan went that was paid out on a day.

    Args:
        look: The graph.
        sight: What is hidden.
        party: The borrower.
        day: When the loan was paid out.
        how: Name of the rule, and how many days to look.

    Raises:
        InputError: No such rule or party, or it is hidden, or it got no payment then.
    """
    sight.require(look, party)
    rule, days = how
    known = {each.name.lower(): each for each in Rule}
    if rule not in known:
        raise InputError("There is no such rule", where="rule", remedy=", ".join(known))
    last = microseconds(look.end_of(day))
    found = trace_loan(look.view, party, (last - DAY_US + 1, last), known[rule], days)
    steps = [
        TraceStep(**(row | {"time": microseconds(row["time"])}))
        for row in found.steps.to_pylist()
        if sight.clear([row["payer"], row["payee"]])
    ]
    ends = tuple(each for each in rows(found.ends, TraceEnd) if sight.clear([each.party]))
    return Trace(found.borrower, found.amount, found.returned, found.whole, tuple(steps), ends)


def contagion_of(look: Look, sight: Sight, asked: WhatIf) -> Contagion:
    """What the failure of some parties costs; the sums count who is hidden too.

    Raises:
        InputError: No fact names one, or it is hidden.
    """
    sight.require(look, *asked.failed)
    given = graph_contagion.Assumptions(asked.buffer, asked.margin, asked.recovery)
    found = graph_contagion.failure(look.view, list(dict.fromkeys(asked.failed)), given)
    losses = [each for each in rows(found.losses, Loss) if sight.clear([each.party])]
    edges = [
        each for each in rows(found.edges, LossEdge) if sight.clear([each.source, each.target])
    ]
    return Contagion(found.total, found.failed, tuple(losses), tuple(edges))


def rows(table: pa.Table, make: Callable[..., Row]) -> tuple[Row, ...]:
    """The rows of a table as a model; lists become tuples."""
    return tuple(make(**{name: _fixed(value) for name, value in row.items()})
                 for row in table.to_pylist())  # fmt: skip


def _fixed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value

"""From scores to a book: policy, limits, the choice among books, stress, and a record of each."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.clock import end_of_day
from headrace.decisions.flow.decided import Decided, decided_of
from headrace.decisions.flow.policy import Action
from headrace.decisions.flow.program import FlowResult
from headrace.decisions.lending.book import Book, greedy, greedy_reaching
from headrace.decisions.lending.decision import (
    Decision,
    LimitParts,
    Outcome,
    Points,
    RuleFired,
    Version,
    rate_parts,
)
from headrace.decisions.lending.economics import Economics, churn_curve
from headrace.decisions.lending.frontier import FrontierPoint, frontier, reach
from headrace.decisions.lending.offers import Ints, Offers, applicants, price_offers
from headrace.decisions.lending.stress import (
    Scenario,
    StressedBook,
    apply,
    stressed_book,
    untouched_industries,
)
from headrace.decisions.lending.turnover import turnover_caps
from headrace.decisions.program.columns import NOTHING, NUMBER, Column, read_column
from headrace.decisions.tables.table import Table
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.scores.rating import RatingScale
from headrace.scores.straight_card import Floats, terms_of
from headrace.workflows.policy import OUTCOMES, PARTY, RATING_CLASS, SHARE, Policy
from headrace.workflows.score import Scored

BUDGET_MAX_MINOR = 2**53  # up to here a float, as the solver counts, holds every minor unit
UNCERTAINTY = "uncertainty"  # the reason that is no feature: how little is known of such firms


@dataclass(frozen=True)
class LendSettings:
    """What a caller may change about lending.

    Attributes:
        budget_minor: In place of the budget of the pack's economics; None keeps that.
        profit_share_min: The lender's dial: of the best expected profit, the share that must be
            kept; among the books that keep it, the one that approves most firms is chosen. 1 asks
            for the most profitable book.
    """

    budget_minor: int | None = None
    profit_share_min: float = 0.95

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: If a setting is out of its range.
        """
        if self.budget_minor is not None and not 0 <= self.budget_minor <= BUDGET_MAX_MINOR:
            raise InputError(
                "the budget is out of range",
                where="--budget",
                remedy=f"0 to {BUDGET_MAX_MINOR:,} minor units",
            )
        if not 0.0 <= self.profit_share_min <= 1.0:
            raise InputError(
                f"{self.profit_share_min} is no share of the best profit",
                where="--profit-share-min",
                remedy="0 to 1",
            )


@dataclass(frozen=True)
class Market:
    """What there is to decide on, one row a party in all of it.

    Attributes:
        features: Feature table.
        industries: Per party.
        scored: Scores.
        rate_response: Facts of kind rate_response.
        as_of: The day on which everything was known.
    """

    features: pa.Table
    industries: tuple[str, ...]
    scored: Scored
    rate_response: pa.Table
    as_of: date


@dataclass(frozen=True, eq=False)
class Stress:
    """A scenario and what it does to the book.

    Attributes:
        scenario: What changes.
        untouched: Industries it names and nobody belongs to.
        probability: Of default under it, one a party.
        book: The book before and under it.
        worse: Borrowers that fall a class.
    """

    scenario: Scenario
    untouched: tuple[str, ...]
    probability: Floats
    book: StressedBook
    worse: int


@dataclass(frozen=True, eq=False)
class Lent:
    """Everything about the book.

    Attributes:
        economics: The lender's side.
        tables: Policy tables in force, by name.
        said: What the policy said of every party, before the book was chosen.
        points: The frontier.
        chosen: The point chosen.
        baseline: A greedy lender that must reach as many firms as the chosen book.
        best: The most profitable book.
        greedy_best: A greedy lender that need not reach anybody.
        stress: One a scenario.
        decisions: One a party.
    """

    economics: Economics
    tables: Mapping[str, Table]
    said: FlowResult
    points: tuple[FrontierPoint, ...]
    chosen: FrontierPoint
    baseline: Book
    best: Book
    greedy_best: Book
    stress: tuple[Stress, ...]
    decisions: tuple[Decision, ...]

    @property
    def outcomes(self) -> Counter[str]:
        """How many decisions of each outcome."""
        return Counter(decision.outcome.value for decision in self.decisions)


def lend(
    market: Market,
    policy: Policy,
    scale: RatingScale,
    settings: LendSettings,
    versions: Mapping[str, str],
) -> Lent:
    """Apply the policy, choose the book, stress it, and write down every decision.

    Args:
        market: Who applies and what is known of them.
        policy: What decides.
        scale: Names the classes under stress.
        settings: The budget and the lender's dial.
        versions: Digests of card and code, to be put in every record beside those of the policy.

    Raises:
        InputError: If an expression of the policy has no one type, or gives a share of turnover
            that is none.
        InfeasibleError: If no book keeps to the constraints.
    """
    policy = policy.with_budget(settings.budget_minor)
    economics, said = policy.economics, said_of(policy, market)
    by_turnover = turnover_caps(read_column(market.features["sales_12m"]), share_of(policy, said))
    offers = offers_of(market, economics, np.where(said.action == Action.APPROVE, by_turnover, 0))
    points = frontier(offers)
    uncapped = tuple(each for each in points if each.constraints.mean_rate_max is None)
    chosen = reach(offers, uncapped, profit_share_min=settings.profit_share_min)
    points = points if chosen in points else (*points, chosen)
    desk = Desk(market, policy, said, by_turnover, chosen.book)
    in_force = tuple(
        Version(name, digest) for name, digest in sorted({**versions, **policy.digests}.items())
    )
    return Lent(
        economics=economics,
        tables=policy.tables,
        said=said,
        points=points,
        chosen=chosen,
        baseline=greedy_reaching(offers, chosen.book.totals.approvals),
        best=points[0].book,
        greedy_best=greedy(offers),
        stress=tuple(
            _stress(market, scale, chosen.book, scenario) for scenario in policy.scenarios
        ),
        decisions=tuple(_decide(desk, row, in_force) for row in range(len(offers.applicants))),
    )


def inputs_of(policy: Policy, market: Market) -> dict[str, Column]:
    """What the steps of the policy may read, one row a party."""
    features = market.features
    columns = {
        name: read_column(features[name], name)
        for name in features.column_names
        if policy.kinds.get(name) == NUMBER or name == PARTY
    }
    columns[RATING_CLASS] = read_column(pa.array(market.scored.rating.tolist(), pa.string()))
    return columns


def said_of(policy: Policy, market: Market) -> FlowResult:
    """What the steps of the policy say of every party, at the end of the day."""
    moment = microseconds(end_of_day(market.as_of, policy.flow.zone))
    moments = np.full(market.features.num_rows, moment, np.int64)
    return policy.program.run(inputs_of(policy, market), moments)


def share_of(policy: Policy, said: FlowResult) -> Column:
    """The share of turnover that a limit may be.

    Raises:
        InputError: It is none in some case, as only the formula of a policy can give.
    """
    share = said.values[policy.share]
    given = share.values[share.present]
    if share.kind not in {NUMBER, NOTHING} or ((given < 0) | (given > 1)).any():
        raise InputError(
            f"the table limit gives a {SHARE} that is not from 0 to 1",
            where=policy.tables["limit"].file,
            remedy="bound it: min(1, max(0, ...))",
        )
    return share


def offers_of(market: Market, economics: Economics, cap: Ints) -> Offers:
    """What every party of the market can be offered, each at most its cap in minor units."""
    people = applicants(
        pa.table(
            {
                "party": market.features["party"],
                "pd": market.scored.probability,
                "rating": pa.array(market.scored.rating.tolist(), pa.string()),
                "cap_minor": cap,
                "industry": pa.array(market.industries, pa.string()),
            }
        )
    )
    return price_offers(people, economics, churn_curve(market.rate_response))


def _stress(market: Market, scale: RatingScale, book: Book, scenario: Scenario) -> Stress:
    industry = pa.array(market.industries, pa.string())
    changed = apply(scenario, market.features, industry)
    scored = market.scored
    own = [term for term in scored.card.spec.terms if term.feature in changed.column_names]
    x = scored.terms.copy()
    places = [scored.card.names.index(term.feature) for term in own]
    x[:, places] = terms_of(changed, own)
    after = scored.card.probability(x)
    rating = scale.rate(after)
    order = {name: place for place, name in enumerate(scale.classes)}
    fell = [order[b] > order[a] for a, b in zip(scored.rating, rating, strict=True)]
    return Stress(
        scenario=scenario,
        untouched=untouched_industries(scenario, industry),
        probability=after,
        book=stressed_book(
            book, scored.probability, after, class_after=tuple(str(each) for each in rating)
        ),
        worse=int(np.sum(np.array(fell) & book.lent)),
    )


@dataclass(frozen=True, eq=False)
class Desk:
    """All that one decision is made from.

    Attributes:
        market: Who applies and what is known of them.
        policy: What decides.
        said: What the policy said of every party.
        by_turnover: What trade supports, minor units, one a party.
        book: Who is lent what.
    """

    market: Market
    policy: Policy
    said: FlowResult
    by_turnover: Ints
    book: Book

    @property
    def economics(self) -> Economics:
        """Money of the book."""
        return self.policy.economics

    def decided(self, row: int) -> Decided:
        """What the policy said of a party."""
        return decided_of(self.said, row, self.policy.flow)

    def rules(self, decided: Decided) -> tuple[RuleFired, ...]:
        """The rules of each table that spoke."""
        return tuple(
            RuleFired(name, table.rules[number - 1].row, table.rule_text(number))
            for name, table in self.policy.tables.items()
            for number in decided.fired.get(name, ())
        )

    def missing(self, row: int, decided: Decided) -> tuple[str, ...]:
        """Inputs of policy and card that were missing for a party, each once."""
        scored = self.market.scored
        terms = zip(scored.card.names, scored.terms[row], strict=True)
        lacking = [name for name, value in terms if np.isnan(value)]
        return tuple(dict.fromkeys([*decided.missing, *lacking]))


def _decide(desk: Desk, row: int, versions: tuple[Version, ...]) -> Decision:
    decided = desk.decided(row)
    party = desk.book.offers.applicants.party[row]
    decision_id = f"{party}@{desk.market.as_of.isoformat()}"
    return record_of(desk, row, _outcome(desk, row, decided), decision_id, versions)


def record_of(
    desk: Desk,
    row: int,
    told: tuple[Outcome, str],
    decision_id: str,
    versions: tuple[Version, ...],
) -> Decision:
    """The record of one party's decision.

    Args:
        desk: What it is made from.
        row: Which party.
        told: The outcome and its reason.
        decision_id: Distinct from all others.
        versions: What was in force.
    """
    scored, book, decided = desk.market.scored, desk.book, desk.decided(row)
    outcome, reason = told
    approved = outcome is Outcome.APPROVE
    limit = int(book.limit_minor[row]) if approved else 0
    points = [
        Points(name, round(float(value), 2))
        for name, value in zip(scored.card.names, scored.points_by_term[row], strict=True)
    ]
    points.append(Points(UNCERTAINTY, round(float(scored.points_of_uncertainty[row]), 2)))
    cap = desk.economics.round_down(int(desk.by_turnover[row]))
    return Decision(
        decision_id=decision_id,
        party=book.offers.applicants.party[row],
        as_of=desk.market.as_of,
        outcome=outcome,
        reasons=(reason,),
        currency=desk.economics.currency,
        limit_minor=limit,
        rate=book.rate(row) if approved else None,
        term_months=desk.economics.term_months if approved else None,
        limit_parts=LimitParts(int(desk.by_turnover[row]), None, cap, limit),
        rate_parts=rate_parts(book, row) if approved else None,
        pd=float(scored.probability[row]),
        rating=str(scored.rating[row]),
        points=tuple(sorted(points, key=lambda each: (each.points, each.reason))),
        rules=desk.rules(decided),
        missing_inputs=desk.missing(row, decided),
        versions=versions,
    )


def _outcome(desk: Desk, row: int, decided: Decided) -> tuple[Outcome, str]:
    """What the policy says, and for those it lets in, what the book says."""
    if not decided.decided_by:  # no step said what to do: a person decides, never the machine
        return Outcome.REFER, "no_rule"
    if decided.action is not Action.APPROVE:
        return OUTCOMES[decided.action], str(decided.reason)
    if desk.book.lent[row]:
        return Outcome.APPROVE, "in_the_book"
    if not desk.economics.round_down(int(desk.by_turnover[row])):
        return Outcome.DECLINE, "turnover_below_minimum"
    if np.nanmax(desk.book.offers.profit[row], initial=-np.inf) <= 0:
        return Outcome.DECLINE, "no_profitable_rate"
    return Outcome.DECLINE, "budget_went_further"


def decisions_sheet(lent: Lent, market: Market, names: Mapping[str, str]) -> pa.Table:
    """The decisions as people want them in a spreadsheet: one row a party, flat."""
    book = lent.chosen.book
    rows: list[dict[str, Any]] = []
    for row, decision in enumerate(lent.decisions):
        parts = decision.rate_parts
        rows.append(
            {
                "party": decision.party,
                "name": names.get(decision.party),
                "industry": market.industries[row],
                "outcome": decision.outcome.value,
                "reason": decision.reasons[0],
                "limit_minor": decision.limit_minor or None,
                "rate": None if decision.rate is None else float(decision.rate),
                "term_months": decision.term_months,
                "rating_class": decision.rating,
                "probability": decision.pd,
                "probability_low": float(market.scored.low[row]),
                "probability_high": float(market.scored.high[row]),
                "points": round(float(market.scored.points[row]), 1),
                "cap_minor": decision.limit_parts and decision.limit_parts.cap_minor,
                "take_up": parts and parts.offered.take_up,
                "expected_profit_minor": parts and parts.offered.profit_minor,
                "expected_loss_minor": _loss(book, row) if parts else None,
                "most_harmful": next(
                    each.reason for each in decision.points if each.reason != UNCERTAINTY
                ),
                "missing": ", ".join(decision.missing_inputs) or None,
                "decision_id": decision.decision_id,
            }
        )
    return pa.Table.from_pylist(rows, SHEET)


def _loss(book: Book, row: int) -> int:
    share = float(book.offers.loss[row, int(book.rate_index[row])])
    return round(share * int(book.limit_minor[row]))


SHEET = pa.schema(
    {
        "party": pa.string(),
        "name": pa.string(),
        "industry": pa.string(),
        "outcome": pa.string(),
        "reason": pa.string(),
        "limit_minor": pa.int64(),
        "rate": pa.float64(),
        "term_months": pa.int64(),
        "rating_class": pa.string(),
        "probability": pa.float64(),
        "probability_low": pa.float64(),
        "probability_high": pa.float64(),
        "points": pa.float64(),
        "cap_minor": pa.int64(),
        "take_up": pa.float64(),
        "expected_profit_minor": pa.int64(),
        "expected_loss_minor": pa.int64(),
        "most_harmful": pa.string(),
        "missing": pa.string(),
        "decision_id": pa.string(),
    }
)

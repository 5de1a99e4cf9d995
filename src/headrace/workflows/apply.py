"""A decision on one firm, now: what the run would have said of it, for one applicant in a second.

Features come from the same definitions and kernel as the run's, as of the last moment at which
something became known; what came after the run is used as what it read (see
`headrace.workflows.apply_facts`). The run's own card scores, the lending
policy in force says who may borrow and how much, and the offer is priced at the book's margin: the
run's budget has a shadow price, what its last yuan earns, and reaching one more firm another (see
`headrace.decisions.lending.optimise.shadow_prices`). A loan is offered where it earns at least
that, at the best rate and size, never beyond what is left of the budget, nor of what its own trade
supports once what it owes already is taken off. What its group owes goes to the product's rules,
which know of groups (大额风险暴露).

The linear program behind the prices splits at most one loan for each of its two constraints, so
one applicant differs from the whole book's decision only at its margin.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.clock import end_of_day, local_day
from headrace.contracts.products.fields import PURPOSES
from headrace.decisions.flow.decided import decided_of
from headrace.decisions.flow.policy import Action, ModelStep
from headrace.decisions.flow.program import FlowResult, Model
from headrace.decisions.lending.book import Book, Constraints, make_book
from headrace.decisions.lending.decision import Decision, Outcome, Version
from headrace.decisions.lending.offers import Ints, Offers
from headrace.decisions.lending.optimise import ShadowPrices, shadow_prices
from headrace.decisions.lending.turnover import turnover_caps
from headrace.decisions.program.columns import read_column
from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json, parse_object
from headrace.facts.localtime import instant_of, microseconds
from headrace.features.compile import Compiled
from headrace.features.definition import Unit
from headrace.features.engines.batch import read
from headrace.pack import Pack, Text
from headrace.scores.straight_card import Floats, Scorecard, terms_of
from headrace.workflows.apply_facts import FirmFacts, Instant
from headrace.workflows.contract_check import check_contracts
from headrace.workflows.contracts import contract_table, offer
from headrace.workflows.decision_flips import nearest_flips
from headrace.workflows.exposure import NOTHING, Taken, exposed_by
from headrace.workflows.invoices import invoice_history
from headrace.workflows.lend import (
    Desk,
    Market,
    inputs_of,
    offers_of,
    record_of,
    said_of,
    share_of,
)
from headrace.workflows.policy import OUTCOMES, Policy
from headrace.workflows.score import Scored

VALID_DAYS = 30  # how long an offer stands
FRESH_DAYS = 60  # older facts are a person's to judge
TEXT_MAX = 200
WORTH_TOLERANCE = 1e-6  # of the limit: what the solver of the linear program rounds away
FLIPS_SHOWN = 5
WHOLE = frozenset({Unit.COUNT, Unit.DAYS, Unit.FLAG})

REASONS: Mapping[str, Text] = {
    "no_facts": Text(
        "The bank knows no facts about this firm: ask for its invoices first",
        "本行没有该企业的任何数据，请先取得其发票等数据",
    ),
    "facts_too_old": Text(
        f"What is known of this firm is more than {FRESH_DAYS} days old: fetch newer facts",
        f"该企业数据已超过{FRESH_DAYS}天未更新，请先更新数据",
    ),
    "budget_used": Text(
        "The year's budget is used up: a person decides", "年度额度已用完，需人工决定"
    ),
    "limit_used": Text(
        "What the firm owes already uses up what its trade supports",
        "企业在本行的存量余额已占满可贷额度",
    ),
    "terms_refused": Text(
        "The product's rules refuse these terms or this purpose", "产品规则不允许该条款或用途"
    ),
}
"""What can be said of one application and not of a run; the pack says the others."""


@dataclass(frozen=True)
class Application:
    """What a firm asks for.

    Attributes:
        application_id: Chosen by whoever sends it, so that sending it twice asks once.
        party: Code of the firm.
        amount_minor: Asked for; None: as much as there is.
        purpose: One of the product compiler's purposes.
        consent: Reference of the firm's written consent (授权书).
        by: Who sends it.
        at: When, microseconds since 1970.
        manager: Account manager who brought the firm; empty: nobody.
    """

    application_id: str
    party: str
    amount_minor: int | None
    purpose: str
    consent: str
    by: str
    at: int
    manager: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            InputError: Naming the field, and what would be right.
        """
        code = self.application_id
        plain = code.isascii() and code.replace("-", "").replace("_", "").isalnum()
        _expect(plain and len(code) <= 64, "application_id", "letters, digits, - and _, up to 64")
        for name in ("party", "consent", "manager"):
            value = getattr(self, name)
            fits = value.isprintable() and len(value) <= TEXT_MAX
            _expect(fits, name, f"a text of at most {TEXT_MAX} characters")
        _expect(bool(self.party.strip()), "party", "the code of a firm")
        if not self.consent.strip():
            raise InputError(
                "The firm has not consented to its data being asked for and used",
                where="consent",
                remedy="Have the letter of authorisation (授权书) signed and give its reference; "
                "个人信息保护法 第13条, 征信业管理条例 第18条",
            )
        _expect(self.purpose in PURPOSES, "purpose", f"one of {', '.join(PURPOSES)}")
        amount = self.amount_minor
        _expect(amount is None or 0 < amount < 10**15, "amount_minor", "more than 0, or nothing")

    def same_as(self, other: "Application") -> bool:
        """Whether both ask for the same, whenever they were sent."""
        mine, its = ({**asdict(each), "at": 0, "by": ""} for each in (self, other))
        return mine == its


@dataclass(frozen=True, eq=False)
class RunTables:
    """What a run left that single decisions are made from.

    Attributes:
        features: One row a party.
        industries: Per party of `features`.
        rate_response: Facts of that kind.
        card: The run's.
        moment: Up to which the run knew everything.
        zone: Whose days count.
        approved: Loans in the run's book.
        digest: Of its decisions.
        simulated: Whether its data are made up.
    """

    features: pa.Table
    industries: tuple[str, ...]
    rate_response: pa.Table
    card: Scorecard
    moment: datetime
    zone: str
    approved: int
    digest: str
    simulated: bool


@dataclass(frozen=True, eq=False)
class Standing:
    """All that stays the same from one application to the next.

    Attributes:
        pack: The scenario.
        policy: In force.
        version: Of the policy in its store; None: as the pack ships it.
        compiled: The pack's features.
        run: The run.
        code: Version and digest of the code.
    """

    pack: Pack
    policy: Policy
    version: int | None
    compiled: Compiled
    run: RunTables
    code: Mapping[str, str]

    @cached_property
    def prices(self) -> ShadowPrices:
        """What room in the book of the run is worth under this policy."""
        run = self.run
        market = self.market(run.features, run.industries, run.moment)
        said = said_of(self.policy, market)
        caps = _caps(self.policy, market, said)
        offers = offers_of(market, self.policy.economics, caps)
        most = min(run.approved, int(offers.eligible.sum()))
        found = shadow_prices(offers, Constraints(approvals_min=most))
        # Under another policy than the run's so many loans may not fit into the budget.
        found = found or shadow_prices(offers)
        assert found is not None  # noqa: S101 - the empty book always fits
        return found

    @cached_property
    def versions(self) -> tuple[Version, ...]:
        """What is in force, for the record."""
        told = {**self.code, **self.policy.digests, "run": self.run.digest}
        if self.version is not None:
            told["policy_version"] = str(self.version)
        return tuple(Version(name, value) for name, value in sorted(told.items()))

    def market(self, features: pa.Table, industries: tuple[str, ...], moment: datetime) -> Market:
        """Parties with these features as of a moment, scored by the run's card."""
        day = local_day(moment, self.run.zone)
        scored = scored_by(self.run.card, features, self.pack)
        return Market(features, industries, scored, self.run.rate_response, day)


@dataclass(frozen=True, eq=False)
class Applied:
    """An application and what became of it.

    Attributes:
        decision: In the form that decisions of a run have.
        record: All of it, canonical JSON: what evidence commits to.
    """

    decision: Decision
    record: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The record as an object."""
        found = parse_object(self.record)
        assert found is not None  # noqa: S101 - written here
        return found


def features_now(standing: Standing, party: str, known: FirmFacts) -> pa.Table:
    """The features of one firm as a run would compute them, one row."""
    history = invoice_history(known.invoices, known.corrections)
    asked = pa.table(
        {
            "party": pa.array([party], pa.string()),
            "as_of": pa.array([known.at.time], pa.timestamp("us", "UTC")),
        }
    )
    table = read(standing.compiled, history, asked, at=known.at.time).table
    for name, value in known.shared.items():
        table = table.append_column(name, pa.array([value], pa.float64()))
    return table


def scored_by(card: Scorecard, features: pa.Table, pack: Pack) -> Scored:
    """Scores of parties by a card fitted before; no outcome of theirs is looked at."""
    x = terms_of(features, card.spec.terms)
    low, high = card.interval(x)
    probability = card.probability(x)
    return Scored(
        card=card,
        validation=None,
        leaks=(),
        terms=x,
        probability=probability,
        low=low,
        high=high,
        points=card.points(x),
        points_by_term=card.points_by_term(x),
        points_of_uncertainty=card.points_of_uncertainty(x),
        rating=pack.require_lending().scale.rate(probability),
        outcome=np.full(len(probability), -1, np.int64),
        given_rating=np.full(len(probability), "", dtype=np.str_),
    )


def decide(
    standing: Standing,
    application: Application,
    known: FirmFacts,
    room_minor: int,
    taken: Taken = NOTHING,
) -> Applied:
    """Decide on one application.

    Args:
        standing: What it is decided by.
        application: What is asked for.
        known: What is known of the firm.
        room_minor: What is left of the year's budget for this firm.
        taken: What the firm and its group owe already.

    Raises:
        InputError: The amount is below the smallest loan.
    """
    economics = standing.policy.economics
    least = economics.limit_min_minor
    amount = application.amount_minor
    _expect(amount is None or amount >= least, "amount_minor", f"at least {least}")
    if not known.invoices.num_rows:
        decision = Decision(
            decision_id=application.application_id,
            party=application.party,
            as_of=local_day(known.at.time, standing.run.zone),
            outcome=Outcome.REFER,
            reasons=("no_facts",),
            currency=economics.currency,
            versions=standing.versions,
        )
        return _applied(standing, application, decision, known, {})
    return _One(standing, application, known, room_minor, taken).applied()


@dataclass(frozen=True, eq=False)
class _One:
    """One application of a firm that something is known of."""

    standing: Standing
    application: Application
    known: FirmFacts
    room_minor: int
    taken: Taken

    def applied(self) -> Applied:
        market, policy = self.market, self.standing.policy
        book, told = self.offered()
        decision = self.record(book, told)
        more: dict[str, Any] = {
            "features": {
                name: market.features[name][0].as_py() for name in market.features.column_names[2:]
            },
            "score": {
                "probability": float(market.scored.probability[0]),
                "low": float(market.scored.low[0]),
                "high": float(market.scored.high[0]),
                "points": float(market.scored.points[0]),
            },
            "book": {
                "budget_price": self.standing.prices.budget,
                "price_per_loan": self.standing.prices.per_loan,
                "room_minor": self.room_minor,
            },
            "exposure": {
                **{name: _plain(value) for name, value in asdict(self.taken).items()},
                "available_minor": self.available_minor,
            },
            "flips": [asdict(each) for each in self.flips()],
        }
        if decision.outcome is not Outcome.APPROVE:
            return _applied(self.standing, self.application, decision, self.known, more)
        day = local_day(instant_of(self.application.at), self.standing.run.zone)
        promised = offer([decision], policy.standard, float(policy.economics.lgd), day)
        exposed = exposed_by(self.taken, decision.limit_minor)
        checked = check_contracts(promised, policy.standard, self.application.purpose, exposed)
        more["findings"] = checked.findings.select(["severity", "rule", "en", "zh"]).to_pylist()
        if checked.refused:
            decision = self.record(self.nothing, (Outcome.DECLINE, "terms_refused"))
            return _applied(self.standing, self.application, decision, self.known, more)
        row = contract_table(promised, {}).to_pylist()[0]
        more["terms"] = {
            name: _plain(row[name])
            for name in (
                *("product", "method", "start", "first_due", "maturity", "instalments"),
                *("first_payment_minor", "last_payment_minor", "interest_minor", "take_up"),
            )
        }
        share = float(book.offers.loss[0, int(book.rate_index[0])])
        more["terms"]["expected_loss_minor"] = round(share * decision.limit_minor)
        return _applied(self.standing, self.application, decision, self.known, more)

    @cached_property
    def market(self) -> Market:
        """The firm alone."""
        features = features_now(self.standing, self.application.party, self.known)
        return self.standing.market(features, (self.known.industry,), self.known.at.time)

    @cached_property
    def said(self) -> FlowResult:
        """What the policy says of it."""
        return said_of(self.standing.policy, self.market)

    @cached_property
    def by_turnover(self) -> Ints:
        """What its trade supports."""
        share = share_of(self.standing.policy, self.said)
        return turnover_caps(read_column(self.market.features["sales_12m"]), share)

    @property
    def whole_minor(self) -> int:
        """What its trade supports, at most the largest loan, before what it owes is taken off."""
        return min(int(self.by_turnover[0]), self.standing.policy.economics.limit_max_minor)

    @property
    def available_minor(self) -> int:
        """What is left of it."""
        return max(0, self.whole_minor - self.taken.own_minor)

    @cached_property
    def offers(self) -> Offers:
        """Every rate, up to what is available and to what it asks for."""
        asked, available = self.application.amount_minor, self.available_minor
        cap = np.array([available if asked is None else min(available, asked)], np.int64)
        return offers_of(self.market, self.standing.policy.economics, cap)

    @property
    def nothing(self) -> Book:
        """The book that lends it nothing."""
        return make_book(self.offers, np.zeros(1, np.int64), np.full(1, -1, np.int64))

    def offered(self) -> tuple[Book, tuple[Outcome, str]]:
        """The best offer, and outcome and reason."""
        standing, economics = self.standing, self.standing.policy.economics
        decided = decided_of(self.said, 0, standing.policy.flow)
        if not decided.decided_by:
            return self.nothing, (Outcome.REFER, "no_rule")
        if decided.action is not Action.APPROVE:
            return self.nothing, (OUTCOMES[decided.action], str(decided.reason))
        if not self.offers.eligible[0]:
            used = bool(economics.round_down(self.whole_minor))
            reason = "limit_used" if used else "turnover_below_minimum"
            return self.nothing, (Outcome.DECLINE, reason)
        steps, rate, worth = best_offer(self.offers, standing.prices)
        limit = steps * economics.limit_step_minor
        if worth < -WORTH_TOLERANCE * limit:
            gains = self.offers.profit[0].max() > 0
            reason = "budget_went_further" if gains else "no_profitable_rate"
            return self.nothing, (Outcome.DECLINE, reason)
        limit = economics.round_down(min(limit, self.room_minor))
        if not limit:
            return self.nothing, (Outcome.REFER, "budget_used")
        if self.is_old:
            return self.nothing, (Outcome.REFER, "facts_too_old")
        index = np.array([rate], np.int64)
        book = make_book(self.offers, np.array([limit // economics.limit_step_minor]), index)
        return book, (Outcome.APPROVE, "in_the_book")

    @property
    def is_old(self) -> bool:
        """Whether the facts are too old; simulated ones have a time of their own."""
        run, day = self.standing.run, instant_of(self.application.at)
        return not run.simulated and day - self.known.at.time > timedelta(days=FRESH_DAYS)

    def record(self, book: Book, told: tuple[Outcome, str]) -> Decision:
        """The decision as a run writes it."""
        standing = self.standing
        desk = Desk(self.market, standing.policy, self.said, self.by_turnover, book)
        return record_of(desk, 0, told, self.application.application_id, standing.versions)

    def flips(self) -> tuple[Any, ...]:
        """Which single number would have to be how for the policy to be milder."""
        policy, market = self.standing.policy, self.market
        moment = microseconds(end_of_day(market.as_of, policy.flow.zone))
        action = Action(int(self.said.action[0]))
        whole = frozenset(e.name for e in self.standing.pack.features if e.unit in WHOLE)
        columns = inputs_of(policy, market)
        found = nearest_flips(policy.program, columns, (moment, action), _ask, whole)
        return found[:FLIPS_SHOWN]


def best_offer(offers: Offers, prices: ShadowPrices) -> tuple[int, int, float]:
    """The size, in steps, and the column of the rate that are worth most at the book's margin.

    Worth is (profit - budget price) * limit + price per loan, linear in the limit, so that it is
    greatest at the smallest loan or at the largest; of equal ones, at the lower rate.

    Returns:
        Steps, column and worth in minor units, of the one eligible applicant.
    """
    economics = offers.economics
    ends = np.array([economics.limit_min_minor // economics.limit_step_minor, offers.cap_steps[0]])
    net: Floats = offers.profit[0] - prices.budget
    worth = ends[:, None] * economics.limit_step_minor * net[None, :] + prices.per_loan
    end, rate = np.unravel_index(int(worth.argmax()), worth.shape)
    return int(ends[end]), int(rate), float(worth[end, rate])


def asked_in(document: Mapping[str, Any]) -> Application:
    """The application of a record."""
    return Application(**document["application"])


def taken_in(document: Mapping[str, Any]) -> Taken:
    """What firm and group owed when it was decided; nothing where nothing was known of the firm."""
    told = document.get("exposure")
    if told is None:
        return NOTHING
    day = None if told["day"] is None else date.fromisoformat(told["day"])
    return Taken(told["own_minor"], told["group_minor"], told["group"], day)


def instant_in(document: Mapping[str, Any]) -> Instant:
    """Up to where facts were used for a record."""
    until = datetime.fromisoformat(document["facts_until"])
    return Instant(microseconds(until), document.get("facts_batch", 0))


def valid_until(application: Application, zone: str) -> date:
    """The last day on which an offer stands."""
    return local_day(instant_of(application.at), zone) + timedelta(days=VALID_DAYS)


def _caps(policy: Policy, market: Market, said: FlowResult) -> Ints:
    """As the run has them: nothing for whom the policy does not let in."""
    shares = share_of(policy, said)
    caps = turnover_caps(read_column(market.features["sales_12m"]), shares)
    return np.where(said.action == Action.APPROVE, caps, 0)


def _applied(
    standing: Standing,
    application: Application,
    decision: Decision,
    known: FirmFacts,
    more: Mapping[str, Any],
) -> Applied:
    is_offer = decision.outcome is Outcome.APPROVE
    until = valid_until(application, standing.run.zone)
    told = parse_object(decision.to_json_bytes())
    document = {
        "decision_id": application.application_id,
        "kind": "application",
        "application": asdict(application),
        "decision": told,
        "facts_until": known.at.time.astimezone(UTC).isoformat(),
        "facts_batch": known.at.batch,
        "policy_version": standing.version,
        "simulated": standing.run.simulated,
        "valid_until": until.isoformat() if is_offer else None,
        **more,
    }
    return Applied(decision, canonical_json(document))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _ask(_step: ModelStep, model: Model, x: Floats) -> Floats:
    return model.probability(x)


def _expect(holds: bool, name: str, right: str) -> None:  # noqa: FBT001  (a condition, not a flag)
    if not holds:
        raise InputError("An application cannot say this", where=name, remedy=f"Give {right}")

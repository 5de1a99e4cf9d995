"""From decisions to contracts: what approved firms would sign, and the money that comes of it.

Two cash flows of the same contracts: as promised, if every firm draws its limit and pays; and as
expected, after take-up, default and recovery. Of firm i with take-up u, probability of default
over the term p, and n instalments, the chance to default in any one period is
h = 1 - (1 - p)^(1/n) for those still paying; who defaults in period k owes the balance before it,
of which 1 - LGD comes back in the same month. Interest of that period is not paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.contracts.conventions.calendars import date_of, months_after
from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.loans import loans_of
from headrace.contracts.lending.schedule import Schedules, schedules
from headrace.contracts.lending.terms import Terms
from headrace.decisions.lending.decision import Decision, Outcome
from headrace.errors import InputError
from headrace.scores.straight_card import Floats
from headrace.workflows.standard_terms import StandardTerms

Ints = NDArray[np.int64]

CONTRACTS = pa.schema(
    [
        ("contract", pa.string()),
        ("party", pa.string()),
        ("decision_id", pa.string()),
        ("product", pa.string()),
        ("currency", pa.string()),
        ("principal_minor", pa.int64()),
        ("rate", pa.decimal128(12, 10)),
        ("method", pa.string()),
        ("start", pa.date32()),
        ("first_due", pa.date32()),
        ("maturity", pa.date32()),
        ("instalments", pa.int64()),
        ("first_payment_minor", pa.int64()),
        ("last_payment_minor", pa.int64()),
        ("interest_minor", pa.int64()),
        ("take_up", pa.float64()),
        ("probability", pa.float64()),
    ]
)
"""One row a contract: what is promised if all of it is drawn on the first day."""

MONTHLY = (
    "disbursed_minor",
    "principal_minor",
    "interest_minor",
    "balance_minor",
    "expected_disbursed_minor",
    "expected_principal_minor",
    "expected_interest_minor",
    "expected_defaulted_minor",
    "expected_recovered_minor",
    "expected_balance_minor",
)
CASH_FLOW = pa.schema([("month", pa.date32()), *((name, pa.int64()) for name in MONTHLY)])
"""One row a month, named by its first day; balances are those at its end."""


CONTRACTS_FILE = "records/contracts.jsonl"
"""In the folder of a run: every contract with all of its terms, one JSON object a line."""


@dataclass(frozen=True)
class Contract:
    """A loan that a decision offers.

    Attributes:
        contract: Its id: that of the decision behind it, with `L-` before it.
        party: Who borrows.
        decision_id: What it rests on.
        product: Code in the catalogue.
        terms: What is agreed.
        take_up: Chance that the firm accepts.
        probability: Of default over the term.
        lgd: Loss given default, share of what is owed then.
    """

    contract: str
    party: str
    decision_id: str
    product: str
    terms: Terms
    take_up: float
    probability: float
    lgd: float


@dataclass(frozen=True, eq=False)
class Offered:
    """The contracts of a book with their schedules, in the same order."""

    contracts: tuple[Contract, ...]
    schedules: Schedules | None
    cash_flow: pa.Table

    @property
    def totals(self) -> dict[str, int]:
        """Sums over all months of what moves, by column of `CASH_FLOW`; balances have none."""
        return {
            name: sum(self.cash_flow[name].to_pylist()) for name in MONTHLY if "balance" not in name
        }


def offer(decisions: Sequence[Decision], standard: StandardTerms, lgd: float, day: date) -> Offered:
    """What the approved firms would sign, paid out on the next business day.

    Args:
        decisions: All of a run; those that approve nothing are passed over.
        standard: What every contract says.
        lgd: Loss given default, a share.
        day: On whose evening everything was known.

    Raises:
        InputError: Naming the term that cannot be.
    """
    start = next_business_day(day)
    contracts = tuple(
        contract_of(each, standard, lgd, start)
        for each in decisions
        if each.outcome is Outcome.APPROVE
    )
    return scheduled(contracts)


def scheduled(contracts: tuple[Contract, ...]) -> Offered:
    """Contracts with their schedules and the money that comes of them."""
    if not contracts:
        return Offered((), None, CASH_FLOW.empty_table())
    promised = schedules(loans_of([each.terms for each in contracts]), CHINA)
    return Offered(contracts, promised, cash_flow(contracts, promised))


def without(offered: Offered, refused: frozenset[str]) -> Offered:
    """The same without some contracts."""
    kept = tuple(each for each in offered.contracts if each.contract not in refused)
    return scheduled(kept) if refused else offered


def written(contracts: Sequence[Contract]) -> bytes:
    """The content of `CONTRACTS_FILE`."""
    return b"".join(msgspec.json.encode(each, order="sorted") + b"\n" for each in contracts)


def read_contracts(content: bytes) -> tuple[Contract, ...]:
    """The contracts that `written` wrote.

    Raises:
        InputError: Naming the line that is none.
    """
    found = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            found.append(msgspec.json.decode(line, type=Contract))
        except msgspec.MsgspecError as error:
            raise InputError(
                f"the line is no contract: {error}",
                where=f"{CONTRACTS_FILE}, line {number}",
                remedy="run `headrace run` again",
            ) from error
    return tuple(found)


def next_business_day(day: date) -> date:
    """The next one in China; the next day where the year's holidays are not announced."""
    found = day + timedelta(days=1)
    known = CHINA.known
    while known and known[0] <= found <= known[1] and not CHINA.is_open(found):
        found += timedelta(days=1)
    return found


def contract_of(decision: Decision, standard: StandardTerms, lgd: float, start: date) -> Contract:
    """What one approved firm would sign, to be paid out on a day.

    Args:
        decision: Approved.
        standard: What every contract says.
        lgd: Loss given default, a share.
        start: The day.

    Raises:
        InputError: Naming the term that cannot be.
    """
    rate, months, parts = decision.rate, decision.term_months, decision.rate_parts
    assert rate is not None and months is not None and parts is not None  # noqa: PT018, S101  (an approval has them)
    return Contract(
        contract=f"L-{decision.decision_id}",
        party=decision.party,
        decision_id=decision.decision_id,
        product=standard.product,
        terms=standard.terms(decision.limit_minor, rate, start, months),
        take_up=parts.offered.take_up,
        probability=decision.pd or 0.0,
        lgd=lgd,
    )


def starting(contract: Contract, day: date) -> Contract:
    """The same for another day of payout; as many months long."""
    terms = contract.terms
    if terms.maturity is None:
        return replace(contract, terms=replace(terms, start=day))
    months = (terms.maturity.year - terms.start.year) * 12 + terms.maturity.month
    end = months_after(day, months - terms.start.month)
    return replace(contract, terms=replace(terms, start=day, maturity=end))


def cash_flow(contracts: Sequence[Contract], promised: Schedules) -> pa.Table:
    """The book by month, in `CASH_FLOW`: as promised, and as expected.

    Expected amounts are rounded half to even, each month by itself.
    """
    kept = promised.kept
    expected = _expected(contracts, promised, kept)
    start = np.array([each.terms.start for each in contracts], "datetime64[D]")
    pay_on = promised.rows.pay_on[kept].astype("datetime64[D]")
    first = min(start.min(), pay_on.min()).astype("datetime64[M]")
    count = int((max(start.max(), pay_on.max()).astype("datetime64[M]") - first).astype(int)) + 1
    drawn = np.array([each.terms.principal for each in contracts], np.int64)
    take_up = np.array([each.take_up for each in contracts])
    begun = (start.astype("datetime64[M]") - first).astype(int)
    paid = (pay_on.astype("datetime64[M]") - first).astype(int)
    by_month = {
        "disbursed_minor": _summed(begun, drawn, count),
        "principal_minor": _summed(paid, promised.principal[kept], count),
        "interest_minor": _summed(paid, promised.interest[kept], count),
        "expected_disbursed_minor": _summed(begun, drawn * take_up, count),
        **{name: _summed(paid, values, count) for name, values in expected.items()},
    }
    balance = np.cumsum(by_month["disbursed_minor"] - by_month["principal_minor"])
    gone = by_month["expected_principal_minor"] + by_month["expected_defaulted_minor"]
    by_month["balance_minor"] = balance
    by_month["expected_balance_minor"] = np.cumsum(by_month["expected_disbursed_minor"] - gone)
    months = pa.array((first + np.arange(count)).astype("datetime64[D]"), pa.date32())
    columns = [pa.array(np.rint(by_month[name]).astype(np.int64)) for name in MONTHLY]
    return pa.Table.from_arrays([months, *columns], schema=CASH_FLOW)


def _expected(contracts: Sequence[Contract], promised: Schedules, kept: Ints) -> dict[str, Floats]:
    """Of each instalment: what is expected of it, see the head of this module."""
    loan = promised.rows.loan[kept]
    count = np.bincount(loan, minlength=len(contracts))
    number = np.arange(len(kept)) - np.searchsorted(loan, loan)
    default = np.array([each.probability for each in contracts])
    stays = (1.0 - default)[loan] ** (1.0 / count[loan])
    alive = np.array([each.take_up for each in contracts])[loan] * stays**number
    opening = promised.opening[kept]
    lost = np.array([each.lgd for each in contracts])[loan]
    return {
        "expected_principal_minor": alive * stays * promised.principal[kept],
        "expected_interest_minor": alive * stays * promised.interest[kept],
        "expected_defaulted_minor": alive * (1.0 - stays) * opening,
        "expected_recovered_minor": alive * (1.0 - stays) * opening * (1.0 - lost),
    }


def _summed(month: Ints, amount: Floats | Ints, count: int) -> Any:
    """Amounts by month; whole amounts stay whole."""
    found = np.zeros(count, amount.dtype)
    np.add.at(found, month, amount)
    return found


def contract_table(offered: Offered, names: Mapping[str, str]) -> pa.Table:
    """The contracts, in `CONTRACTS`, with the names of parties beside them."""
    if offered.schedules is None:
        return CONTRACTS.empty_table()
    promised, kept = offered.schedules, offered.schedules.kept
    loan = promised.rows.loan[kept]
    first = np.searchsorted(loan, np.arange(len(offered.contracts)))
    last = np.searchsorted(loan, np.arange(len(offered.contracts)), side="right") - 1
    pay_on, payment = promised.rows.pay_on[kept], promised.payment[kept]
    interest = _summed(loan, promised.interest[kept], len(offered.contracts))
    terms = [each.terms for each in offered.contracts]
    columns = {
        **{
            name: [getattr(each, name) for each in offered.contracts]
            for name in ("contract", "party", "decision_id", "product", "take_up", "probability")
        },
        "currency": [each.currency for each in terms],
        "principal_minor": [each.principal for each in terms],
        "rate": [each.rate for each in terms],
        "method": [each.method.value for each in terms],
        "start": [each.start for each in terms],
        "first_due": [date_of(int(day)) for day in pay_on[first]],
        "maturity": [date_of(int(day)) for day in pay_on[last]],
        "instalments": last - first + 1,
        "first_payment_minor": payment[first],
        "last_payment_minor": payment[last],
        "interest_minor": interest,
    }
    table = pa.table([pa.array(columns[each.name], each.type) for each in CONTRACTS], CONTRACTS)
    named = pa.array([names.get(each.party) for each in offered.contracts], pa.string())
    return table.add_column(2, "name", named)

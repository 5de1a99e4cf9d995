"""What a contract that is evaluated by itself may ask: days, year fractions, observations."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from headrace.contracts.actus import kernels as k
from headrace.contracts.actus.events import Row, order
from headrace.contracts.actus.observed import Observed
from headrace.contracts.actus.schedules import WAY, day, roll
from headrace.contracts.actus.terms import CLAIMS, DAY, ROLES, TERMS, Refusal, wanted
from headrace.contracts.conventions import kernels as conventions
from headrace.contracts.conventions.calendars import Flat

BUSINESS_DAYS = TERMS["businessDayConvention"].choices
DAY_COUNTS = TERMS["dayCountConvention"].choices


class RefusedError(Exception):
    """Raised inside one contract, caught by the batch, which goes on with the rest."""

    def __init__(self, refusal: Refusal) -> None:
        """Keep what is wrong."""
        super().__init__(refusal.problem)
        self.refusal = refusal


@dataclass(frozen=True)
class Setting:
    """One contract, the calendar it keeps, and what is observed.

    Attributes:
        row: Its place in the batch.
        terms: What it says, as `Book.record`.
        observed: Rates and happenings.
        calendar: All calendars flat, and the number of its own.
        horizon: Seconds: the last time asked for.
    """

    row: int
    terms: dict[str, Any]
    observed: Observed
    calendar: tuple[Flat, int]
    horizon: int

    @property
    def sign(self) -> int:
        """1 for a claim, -1 for an obligation."""
        return 1 if ROLES.index(self.terms["contractRole"]) < CLAIMS else -1

    @property
    def currency(self) -> str:
        """The currency it is in."""
        return str(self.terms.get("currency", ""))

    @property
    def status(self) -> int:
        """The status date, in seconds."""
        return int(self.terms["statusDate"])

    def refused(self, term: str, problem: str, remedy: str) -> RefusedError:
        """An error that refuses this contract."""
        said = self.terms.get(term)
        name = str(self.terms.get("contractID", ""))
        value = "" if said is None else str(said)
        return RefusedError(Refusal(self.row, name, term, value, problem, remedy))

    def need(self, term: str) -> Any:
        """A term that this type of contract cannot do without.

        Raises:
            RefusedError: If the contract does not give it.
        """
        if term not in self.terms:
            raise self.refused(term, "is missing", f"Give {wanted(TERMS[term])}.")
        return self.terms[term]

    def business(self, time: int) -> int:
        """A time on a business day."""
        rule = self.terms.get("businessDayConvention", "NOS")
        if rule == "NOS":
            return time
        way = int(WAY[BUSINESS_DAYS.index(rule)])
        flat, which = self.calendar
        found = conventions.moved(time // DAY, way, which, flat)
        return time + (int(found) - time // DAY) * DAY

    def later(self, time: int, period: str) -> int:
        """A time on by a period the contract gives, or the same where it gives none."""
        months, days, _ = self.terms.get(period, (0, 0, 0))
        found = conventions.add(time // DAY, months, days, False)  # noqa: FBT003  # a kernel
        return int(time + (found - time // DAY) * DAY)

    def times(self, name: str, end: int, *, closed: bool) -> list[int]:
        """The times of a schedule: its anchor, or a cycle after the exchange, up to an end."""
        cycle = self.terms.get(f"cycleOf{name}")
        anchor = self.terms.get(f"cycleAnchorDateOf{name}")
        if anchor is None and cycle is None:
            return []
        if anchor is None:
            start = self.terms.get("initialExchangeDate", self.terms.get("purchaseDate"))
            anchor = self.later(start if start is not None else self.status, f"cycleOf{name}")
        ends = np.array([self.terms.get("endOfMonthConvention") == "EOM"])
        spans = np.array([cycle or (-1, 0, 0)], np.int64)
        one = np.array([anchor], np.int64), np.array([end], np.int64)
        _, count, found = roll(*one, spans, ends, np.array([closed]))
        return [int(time) for time in found[: count[0]]]

    def fraction(self, start: int, end: int) -> float:
        """The part of a year between two times."""
        flat, which = self.calendar
        code = DAY_COUNTS.index(self.need("dayCountConvention"))
        maturity = day(self.terms.get("maturityDate", k.NEVER))
        days = day(start), day(end)
        return float(conventions.year_fraction(code, *days, maturity, which, flat))

    def see(self, code: str, time: int, term: str) -> float:
        """The last value of a series not later than a time.

        Raises:
            RefusedError: If nobody observed one.
        """
        found = self.observed.at(code, time)
        if found is None:
            problem = f"{code!r} has no value at or before the time it is asked for"
            raise self.refused(term, problem, "Observe it.")
        return found

    def exchange(self, time: int) -> tuple[float, str]:
        """The rate into the currency of settlement, and that currency (section 3.11)."""
        settled = self.terms.get("settlementCurrency", self.currency)
        if settled == self.currency:
            return 1.0, self.currency
        return self.see(f"{self.currency}/{settled}", time, "settlementCurrency"), settled

    def row_of(self, time: int, code: int, payoff: float, **state: Any) -> Row:
        """An event that pays in the currency of settlement."""
        rate, currency = self.exchange(time)
        return Row(time, code, rate * payoff, currency, **state)

    def traded(self, bought: float, ended: float, **state: Any) -> list[Row]:
        """What is paid where the contract is bought, and where it is sold or ended."""
        rows = []
        if "purchaseDate" in self.terms:
            rows.append(self.row_of(self.terms["purchaseDate"], k.PRD, bought, **state))
        if "terminationDate" in self.terms:
            rows.append(self.row_of(self.terms["terminationDate"], k.TD, ended, **state))
        return rows

    def told(self, rows: list[Row]) -> list[Row]:
        """Events in order: after the status date, from the purchase on, to the end or horizon."""
        rows = sorted(rows, key=lambda row: (row.time, order(row.code)))
        rows = [row for row in rows if self.status < row.time <= self.horizon]
        if self.terms.get("purchaseDate", self.status) > self.status:
            bought = [at for at, row in enumerate(rows) if row.code == k.PRD]
            rows = rows[bought[0] :] if bought else []
        for at, row in enumerate(rows):
            if row.code == k.TD:
                return rows[: at + 1]
        return rows

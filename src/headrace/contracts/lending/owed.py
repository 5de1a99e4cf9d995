"""What is owed on a loan (应还款项): instalments past their due day, penalty and compound interest.

Source of penalty and compound interest: 银发〔2003〕251号, item 3. Overdue principal bears the
penalty rate (罚息) and overdue interest the same (复利), by actual days; penalty and compound
interest bear nothing themselves. Sums are exact fractions over `PENALTY_SCALE` times the days of
the year, and each instalment's is rounded half up.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from headrace.contracts.conventions.rounding import RATE_SCALE, half_up
from headrace.contracts.lending.terms import InterestDays, PenaltyStart, Terms

PENALTY_SCALE = RATE_SCALE * 10_000
DAY = timedelta(1)


def penalty_over(terms: Terms) -> int:
    """What amount times penalty rate times days is divided by; the year is that of daily rates."""
    year = 365 if terms.days in (InterestDays.ACTUAL_365, InterestDays.MONTHS_365) else 360
    return PENALTY_SCALE * year


@dataclass(frozen=True)
class Due:
    """An instalment, or fee, past its due day and not wholly paid.

    Attributes:
        number: Of the instalment; 0 for a fee or what stayed owed in a restructuring.
        due: When it fell due.
        pay_on: The business day of payment.
        grace_end: The last day on which paying is in time.
        principal: Left to pay; so are interest and fee.
        penalty_sum: Exact so far, over `penalty_over`.
        penalty_posted: Of it charged so far, paid or not; so with compound interest.
        penalty_paid: Of it paid.
        misused: Its penalty counts at once, for it is not for being late.
        overdue: Whether its principal has been moved to overdue principal.
    """

    number: int
    due: date
    pay_on: date
    grace_end: date
    principal: int = 0
    interest: int = 0
    fee: int = 0
    penalty_sum: int = 0
    penalty_posted: int = 0
    penalty_paid: int = 0
    compound_sum: int = 0
    compound_posted: int = 0
    compound_paid: int = 0
    misused: bool = False
    overdue: bool = False

    @property
    def penalty(self) -> int:
        """Penalty charged and not paid."""
        return self.penalty_posted - self.penalty_paid

    @property
    def compound(self) -> int:
        """Compound interest charged and not paid."""
        return self.compound_posted - self.compound_paid

    @property
    def total(self) -> int:
        """All that is left to pay."""
        return self.principal + self.interest + self.fee + self.penalty + self.compound

    def late_from(self, terms: Terms) -> date:
        """The first night of penalty, should it come to that."""
        at_due = terms.penalty.start is PenaltyStart.DUE_DAY
        return self.pay_on if at_due else self.grace_end

    def accrued(self, start: date, end: date, rate: int, terms: Terms) -> "Due":
        """With penalty and compound interest of the nights from start to end.

        Args:
            start: The first night.
            end: The night after the last.
            rate: In 1e-10 times 1e-4: a year's rate times 10,000 and its markup in bp.
            terms: Of the loan.
        """
        days = (end - max(start, self.late_from(terms))).days
        if days <= 0 or not (self.principal or self.interest):
            return self
        compound = self.interest * rate * days if terms.penalty.compound else 0
        return replace(
            self,
            penalty_sum=self.penalty_sum + self.principal * rate * days,
            compound_sum=self.compound_sum + compound,
        )

    def charged(self, on: date, terms: Terms) -> "Due":
        """With what counts on a day charged: nothing while there is grace."""
        over = penalty_over(terms)
        late = on > self.grace_end
        penalty = half_up(self.penalty_sum, over) if late or self.misused else 0
        compound = half_up(self.compound_sum, over) if late else 0
        return replace(
            self,
            penalty_posted=max(penalty, self.penalty_posted),
            compound_posted=max(compound, self.compound_posted),
        )


@dataclass(frozen=True)
class Quote:
    """What clears a loan on a day (结清金额).

    Attributes:
        fee: Fees due.
        compound: Compound interest.
        penalty: Penalty interest.
        interest: Interest due.
        principal: Principal due.
        accrued: Interest of the current period so far, half up.
        prepayment_fee: On the principal not yet due.
        balance: Principal not yet due.
        deposit: Money of the borrower that is already here.
    """

    on: date
    fee: int
    compound: int
    penalty: int
    interest: int
    principal: int
    accrued: int
    prepayment_fee: int
    balance: int
    deposit: int

    @property
    def due(self) -> int:
        """What is due, without what could be paid early."""
        return self.fee + self.compound + self.penalty + self.interest + self.principal

    @property
    def total(self) -> int:
        """What must come in to clear the loan."""
        whole = self.due + self.accrued + self.prepayment_fee + self.balance
        return max(whole - self.deposit, 0)

"""Assets for a revolving period (循环购买): of a tape, those that meet the standards."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import pyarrow as pa

from headrace.contracts.securitisation.engine import Replenishment
from headrace.contracts.securitisation.pool import (
    Concentration,
    Eligibility,
    concentration,
    eligible,
    loan_lines,
)
from headrace.contracts.securitisation.projection import HEADRACE, Assumptions, Convention
from headrace.errors import InfeasibleError


@dataclass(frozen=True)
class Standards:
    """What may be bought.

    Attributes:
        loans: Of each loan (合格标准).
        limits: Of the mix (集中度).
    """

    loans: tuple[Eligibility, ...] = ()
    limits: tuple[Concentration, ...] = ()


@dataclass(frozen=True)
class Offer:
    """A tape as it was tested.

    Attributes:
        assets: The eligible loans, to buy in proportion.
        reasons: Of `pool.eligible`: each loan, and why not.
        limits: Of `pool.concentration`, on the eligible loans.
    """

    assets: Replenishment
    reasons: pa.Table
    limits: pa.Table


def offered(
    tape: pa.Table,
    standards: Standards,
    assumptions: Assumptions,
    price: Fraction = Fraction(1),
    convention: Convention = HEADRACE,
) -> Offer:
    """Test a tape and offer what passes.

    Raises:
        InfeasibleError: No loan is eligible, or the eligible ones break a limit together.
    """
    reasons = eligible(tape, standards.loans)
    kept = tape.filter(reasons["eligible"])
    if not kept.num_rows:
        raise InfeasibleError(
            "No loan of the tape may be bought", where=_commonest(reasons["reasons"].to_pylist())
        )
    limits = concentration(kept, standards.limits)
    broken = [row["test"] for row in limits.to_pylist() if not row["passes"]]
    if broken:
        raise InfeasibleError(
            f"The eligible loans together break {broken[0]}", remedy="leave loans out of the tape"
        )
    return Offer(Replenishment(loan_lines(kept), assumptions, price, convention), reasons, limits)


def _commonest(reasons: Sequence[Sequence[str]]) -> str:
    said = [reason for loan in reasons for reason in loan]
    return max(sorted(set(said)), key=said.count, default="")

"""Where a junior class was paid while a senior one went short: findings, not faults.

A waterfall may say so on purpose; who wrote it should know. Ranks are those of the bonds.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from headrace.contracts.securitisation.engine import Run, Standing


class Lack(StrEnum):
    """What the senior class went without."""

    INTEREST = "interest"  # 利息未付足
    PRINCIPAL_DUE = "principal_due"  # 到期本金未付足
    BALANCE = "balance"  # 本金未清偿


LACK_WORDS = {
    Lack.INTEREST: "利息未付足",
    Lack.PRINCIPAL_DUE: "到期本金未付足",
    Lack.BALANCE: "本金未清偿",
}


@dataclass(frozen=True)
class Overtaking:
    """A junior class that was paid ahead.

    Attributes:
        junior: Was paid `paid`, minor units, by `step`.
        senior: Went without `unpaid`, minor units, at the end of that date.
    """

    on: date
    junior: str
    paid: int
    step: str
    senior: str
    lack: Lack
    unpaid: int


def overtaken(run: Run) -> list[Overtaking]:
    """Every payment to a class while one of a lower rank number lacked interest or principal.

    Principal or residual of a junior counts against the whole balance of a senior class; interest
    of a junior only against what was due to the senior and not paid.
    """
    ranks = {bond.name: bond.rank for bond in run.deal.bonds}
    ends = {(one.on, one.name): one for one in run.standings if one.what == "bond"}
    out = []
    for row in run.rows:
        kind, _, rest = row.target.partition(":")
        if kind != "bond":
            continue
        junior, _, what = rest.rpartition(":")
        for senior in (name for name, rank in ranks.items() if rank < ranks[junior]):
            lack, unpaid = _lack(ends[row.on, senior], what)
            if unpaid:
                out.append(Overtaking(row.on, junior, row.amount, row.step, senior, lack, unpaid))
    return out


def _lack(senior: Standing, paid: str) -> tuple[Lack, int]:
    interest = senior.interest_due + senior.on_unpaid_due
    if interest:
        return Lack.INTEREST, interest
    if senior.principal_due:
        return Lack.PRINCIPAL_DUE, senior.principal_due
    return Lack.BALANCE, 0 if paid == "interest" else senior.balance

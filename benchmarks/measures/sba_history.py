"""What the records said of a lender on the day a loan was approved: no later, and not of that loan.

A loan counts from the day after its approval on, and as charged off from the day after that was
known. Nothing else of other loans is used: not their term, not what was lost, not whether they were
paid in the end, for no date says when that was known.

Figures are relative to all lenders on the same day, so that they mean the same in any year: known
charge-offs pile up as a record grows, and a model that takes counts and rates as they are learns
the year from them.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from measures.score_sets import ScoreSet
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PRIOR_LOANS = 20.0  # of all lenders together, in the rate of one
WINDOW_DAYS = 730  # for how much of all lending is a lender's
NEVER = np.iinfo(np.int64).max


def history(lender: Ints, approved: Ints, charged_off: Ints) -> tuple[Floats, Floats]:
    """How a lender stood against all on the day of each loan.

    Args:
        lender: Number of each loan's, (n,).
        approved: Day of each loan, (n,).
        charged_off: Day it was known to be charged off, (n,); NEVER where it was not.

    Returns:
        Logarithm of its rate of known charge-offs over that of all lenders, and logarithm of its
        share of the loans of two years, (n,) each.
    """
    everyone = np.zeros(lender.size, np.int64)
    loans, losses = (earlier(lender, approved, days) for days in (approved, charged_off))
    all_loans, all_losses = (earlier(everyone, approved, days) for days in (approved, charged_off))
    overall = np.maximum(all_losses / np.maximum(all_loans, 1.0), 1e-3)
    rate = (losses + PRIOR_LOANS * overall) / (loans + PRIOR_LOANS)
    before = approved - WINDOW_DAYS
    recent = loans - earlier(lender, before, approved)
    all_recent = all_loans - earlier(everyone, before, approved)
    return np.log(rate / overall), np.log((recent + 1) / (all_recent + PRIOR_LOANS))


def earlier(lender: Ints, asked: Ints, days: Ints) -> Floats:
    """How many days of the same lender lie before the day that is asked for, (n,)."""
    found = np.zeros(lender.size)
    order = np.argsort(lender, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(lender[order])) + 1):
        found[rows] = np.searchsorted(np.sort(days[rows]), asked[rows], "left")
    return found


def with_history(loans: ScoreSet) -> pa.Table:
    """The features of the set, and how the lender of each loan stood when it was approved."""
    approved = loans.times.astype("datetime64[D]").astype(np.int64)
    known = pc.cast(pc.cast(loans.table["chg_off_date"], pa.date32()), pa.int32())
    day = np.asarray(pc.fill_null(known, -1).to_numpy(), np.int64)
    charged_off = np.where((day < 0) | (loans.y == 0), NEVER, day)
    names = pc.cast(loans.table["bank"], pa.string()).combine_chunks().dictionary_encode("encode")
    lender = np.asarray(names.indices.to_numpy(zero_copy_only=False), np.int64)
    rate, share = history(lender, approved, charged_off)
    table = loans.features
    for name, column in (("lender_losses", rate), ("lender_share", share)):
        table = table.append_column(name, pa.array(column))
    return table

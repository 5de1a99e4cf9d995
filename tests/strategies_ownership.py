"""Random small registries for property tests."""

import numpy as np
from hypothesis import strategies as st

from headrace.graph.ownership.shares import Holdings

PARTIES = 7
PERSONS = np.arange(PARTIES) >= 5  # 0..4 are companies, 5 and 6 persons


def holdings_of(rows, edges=None) -> Holdings:
    """Rows of holder, company, low, high as arrays."""
    table = np.array(rows, np.float64).reshape(len(rows), 4)
    numbers = np.arange(len(rows)) if edges is None else np.array(edges, np.int64)
    return Holdings(
        table[:, 0].astype(np.int32),
        table[:, 1].astype(np.int32),
        table[:, 2],
        table[:, 3],
        numbers,
    )


@st.composite
def registries(draw, ranges: bool = False, full: bool = False, companies: int = 5):
    """Holdings whose shares add up to one at most: (holder, company, low, high), loops and all.

    Someone outside always holds, or may hold, a little of every company.
    """
    rows = []
    for company in range(companies):
        most = draw(st.integers(0, 4))
        holders = draw(
            st.lists(
                st.sampled_from([*range(companies), 5, 6]),
                min_size=most,
                max_size=most,
                unique=True,
            )
        )
        left = 1000 if full else draw(st.integers(500, 999))
        for place, holder in enumerate(holders):
            if holder == company or left < 2:
                continue
            share = draw(st.integers(1, left - 1))
            if full and place == len(holders) - 1 and holder >= 5:
                share = left
            left -= share
            wide = ranges and draw(st.booleans())
            low = draw(st.integers(0, share)) if wide else share
            rows.append((holder, company, low / 1000, share / 1000))
    return rows

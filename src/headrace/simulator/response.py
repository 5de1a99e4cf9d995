"""How many customers walk away at each rate: the bank's market research, made by a formula."""

import numpy as np
import pyarrow as pa

RATES = np.round(np.linspace(0.04, 0.15, 29), 4)
# (share that leaves at the highest rate, bend): the better the rating, the more alternatives.
RATINGS = {"rating_a": (0.92, 2.4), "rating_b": (0.90, 2.0), "rating_c": (0.88, 1.7)}


def rate_response() -> pa.Table:
    """29 rates from 4 % to 15 % and, for each rating, the share of customers lost at the rate.

    With x from 0 at the lowest rate to 1 at the highest, the share is
    top * (1 - exp(-bend * x)) / (1 - exp(-bend)): 0 at first, rising ever more slowly.
    """
    x = (RATES - RATES[0]) / (RATES[-1] - RATES[0])
    churn = {
        rating: np.round(top * (1 - np.exp(-bend * x)) / (1 - np.exp(-bend)), 6)
        for rating, (top, bend) in RATINGS.items()
    }
    return pa.table({"rate": RATES, **churn})

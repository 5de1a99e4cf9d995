"""Simulated visits to simulated firms, so that a demo has something to show."""

from collections.abc import Sequence

import numpy as np

from headrace.facts.localtime import DAY_US
from headrace.workflows.visits import Listed, Visit

HOUR_US = 3_600_000_000
DAYS = 20
WENT, AGAIN = 0.7, 0.3
SHARES = {"met": 3, "not_met": 3, "refused": 2, "interested": 4, "applied": 4}
BY = "simulated"


def simulate_visits(firms: Sequence[Listed], begin: int, seed: int) -> tuple[Visit, ...]:
    """Visits to most firms of a list within `DAYS` days, some of them twice.

    Args:
        firms: On the list.
        begin: The first morning, microseconds since 1970.
        seed: The same seed gives the same visits.
    """
    draw = np.random.default_rng(seed)
    results = list(SHARES)
    shares = np.array(list(SHARES.values())) / sum(SHARES.values())
    found = []
    for firm in firms:
        day, hour = int(draw.integers(DAYS)), int(draw.integers(9, 17))
        goes, again = draw.random(2)
        if goes > WENT:
            continue
        for number in range(2 if again < AGAIN else 1):
            result = str(draw.choice(results, p=shares))
            when = begin + (day + 7 * number) * DAY_US + hour * HOUR_US
            name = f"{firm.list}-{firm.party}-{number}".encode().hex()[-40:]
            found.append(
                Visit(name, firm.list, firm.party, result, "", "", when, BY, when + HOUR_US)
            )
    return tuple(found)

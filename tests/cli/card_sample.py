"""A small table of made-up loans for tests of `headrace card`."""

import csv
import math

import numpy as np

HEADER = ("firm", "decided", "income", "late_months", "trade", "postcode", "age", "bad")


def loans(rows=500, seed=3):
    """Rows under `HEADER`: income, months late and trade tell; the others do not."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(rows):
        income, late = rng.lognormal(11, 0.7), int(rng.poisson(1.2))
        trade = rng.choice(["farm", "shop", "works"])
        odds = -1.5 - 1.2 * (math.log(income) - 11) + 0.5 * (late - 1.2) + 1.4 * (trade == "works")
        is_bad = rng.random() < 1 / (1 + math.exp(-odds))
        day = f"{2022 + number * 2 // rows}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
        late = late if rng.random() > 0.05 else -1
        found.append(
            (f"F{number // 2:04d}", day, f"{income:.0f}", late, trade,
             int(rng.choice([100000, 200000, 310000])), int(rng.integers(20, 65)),
             "是" if is_bad else "否")
        )  # fmt: skip
    return found


def write(path, rows, header=HEADER):
    """A CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path

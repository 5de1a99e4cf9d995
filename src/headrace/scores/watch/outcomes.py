"""Rows that a score spoke about, and what became of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcomes:
    """Stated probabilities beside ripe outcomes, in any order.

    Attributes:
        probability: Of default, as stated when the row was scored, (n,), strictly within (0, 1).
        y: 1 default, 0 none, (n,). A row whose label is not ripe does not belong here
            (`label_delay`).
    """

    probability: Floats
    y: Ints

    def __post_init__(self) -> None:
        """Refuse what is no probability or no outcome.

        Raises:
            InputError: Naming the first such row.
        """
        if self.probability.shape != self.y.shape or self.y.ndim != 1:
            raise InputError(
                f"{self.probability.shape} probabilities and {self.y.shape} outcomes",
                remedy="one of each for every row",
            )
        refuse_rows(
            ~((self.probability > 0) & (self.probability < 1)),
            "a probability of default lies between 0 and 1, both left out",
        )
        refuse_rows(
            (self.y != 0) & (self.y != 1), "an outcome is 1 (default) or 0; unripe rows out"
        )

    def by(self, number: Ints) -> tuple[Ints, Ints]:
        """The distinct numbers of bands or months, rising, and each row's place among them, (n,).

        Raises:
            InputError: If there is not one for every row, or there is no row.
        """
        if number.shape != self.y.shape or not number.size:
            raise InputError(
                f"{number.size} bands or months for {self.y.size} rows",
                remedy="one band or month for every row",
            )
        distinct, at = np.unique(number, return_inverse=True)
        return distinct, at

    def take(self, rows: Flags | Ints) -> "Outcomes":
        """The rows of this mask or at these places."""
        return Outcomes(self.probability[rows], self.y[rows])


def refuse_rows(wrong: Flags, right: str) -> None:
    """Refuse rows that are marked wrong, naming the first.

    Raises:
        InputError: If any is.
    """
    if wrong.any():
        raise InputError(
            f"{int(wrong.sum())} of {wrong.size} rows cannot be used",
            where=f"the first is row {int(np.flatnonzero(wrong)[0])}",
            remedy=right,
        )

"""Rating classes: bands of the probability of default, named on a master scale."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.errors import MappingError


@dataclass(frozen=True)
class RatingScale:
    """Classes from safest to riskiest, with the highest probability of default of each.

    Attributes:
        classes: Names, safest first.
        pd_max: Upper bounds, inclusive, rising; the last must be 1.
    """

    classes: tuple[str, ...]
    pd_max: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse bands that overlap or leave a gap.

        Raises:
            MappingError: Saying which bound is out of order.
        """
        rising = all(a < b for a, b in zip(self.pd_max, self.pd_max[1:], strict=False))
        if len(self.classes) != len(self.pd_max) or not rising or self.pd_max[-1] != 1.0:
            raise MappingError(
                f"rating classes {self.classes} with upper bounds {self.pd_max} are not a scale",
                remedy="one bound a class, rising, the last 1.0",
            )

    def rate(self, probability: NDArray[np.float64]) -> NDArray[np.str_]:
        """The class of each probability, (n,)."""
        return np.array(self.classes)[np.searchsorted(self.pd_max, probability, side="left")]

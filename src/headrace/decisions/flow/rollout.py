"""Who is decided by which version: champion, challengers by stable shares, shadows.

A customer's place is a number from 0 to 9,999 that depends on the deployment's salt and the
customer alone (BLAKE2b), so it is the same on every machine and after every restart, and a share
that grows keeps everybody it had. Challengers take places from 0 upward in the order in which they
stand, each its share; the champion has the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.flow.lists import text_of
from headrace.decisions.program.columns import STRING, Column
from headrace.errors import InputError

PLACES = 10_000
CHAMPION = "champion"
Version = TypeVar("Version")


class Mode(Enum):
    """What a version beside the champion is for."""

    CHALLENGER = "challenger"  # decides for its share
    SHADOW = "shadow"  # is asked, recorded, and not followed


@dataclass(frozen=True)
class Beside(Generic[Version]):
    """A version beside the champion.

    Attributes:
        name: As records cite it.
        version: What decides.
        mode: Whether it is followed.
        share: Of customers, in hundredths of a per cent, 0 to 10,000.
    """

    name: str
    version: Version
    mode: Mode
    share: int


@dataclass(frozen=True)
class Deployment(Generic[Version]):
    """What is in force.

    Attributes:
        champion: Decides for everybody no challenger has.
        beside: Challengers and shadows.
        salt: Deals customers; another salt deals them anew.
    """

    champion: Version
    beside: tuple[Beside[Version], ...] = ()
    salt: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be dealt.

        Raises:
            InputError: Shares exceed the whole, or two versions have one name.
        """
        names = [CHAMPION, *(each.name for each in self.beside)]
        if len({*names}) < len(names):
            raise InputError("Two versions have one name", where=", ".join(names))
        shares = [each.share for each in self.beside if each.mode is Mode.CHALLENGER]
        if sum(shares) > PLACES or any(not 0 <= each.share <= PLACES for each in self.beside):
            raise InputError(
                "The shares of challengers exceed the whole",
                where=", ".join(f"{each.name}: {each.share}" for each in self.beside),
                remedy=f"Hundredths of a per cent: together at most {PLACES}",
            )

    @property
    def challengers(self) -> tuple[Beside[Version], ...]:
        """Versions that decide for a share, in order."""
        return tuple(each for each in self.beside if each.mode is Mode.CHALLENGER)

    @property
    def shadows(self) -> tuple[Beside[Version], ...]:
        """Versions that are only asked, in order."""
        return tuple(each for each in self.beside if each.mode is Mode.SHADOW)

    def followed(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Who decides: -1 the champion, else the number of a challenger."""
        bounds = np.cumsum([each.share for each in self.challengers])
        found = np.searchsorted(bounds, places, side="right")
        return np.where(found < len(bounds), found, -1)


def place_of(customer: str, salt: str) -> int:
    """A customer's place, 0 to 9,999."""
    key = salt.encode()
    if len(key) > blake2b.MAX_KEY_SIZE:
        key = blake2b(key).digest()
    return int.from_bytes(blake2b(customer.encode(), digest_size=8, key=key).digest()) % PLACES


def places_of(customers: Column, salt: str) -> NDArray[np.int64]:
    """The places of a batch's customers; one that is missing has the last place."""
    if customers.kind == STRING:
        each = np.array([place_of(text, salt) for text in customers.texts] + [PLACES - 1])
        return each[np.where(customers.present, customers.values, -1)]
    distinct, at = np.unique(customers.values, return_inverse=True)
    each = np.array([place_of(text_of(word), salt) for word in distinct.tolist()], np.int64)
    return np.where(customers.present, each[at] if len(each) else 0, PLACES - 1)

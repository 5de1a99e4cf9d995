"""How the smaller state machines answer: the state after, movements of money, or the refusal."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from headrace.contracts.movements import Movement

State = TypeVar("State")
Refusal = TypeVar("Refusal", bound=StrEnum)


@dataclass(frozen=True)
class Outcome(Generic[State, Refusal]):
    """What came of one act.

    Attributes:
        state: After it; the same object as before where it was refused.
        refusal: The requirement it breaks; None: it was done.
        movements: Money moved, for the ledger.
        detail: A figure or name for people, in no particular language; empty: none is needed.
    """

    state: State
    refusal: Refusal | None = None
    movements: tuple[Movement, ...] = ()
    detail: str = ""

    @property
    def done(self) -> bool:
        """Whether the act was done."""
        return self.refusal is None

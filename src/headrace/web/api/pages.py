"""Lists in pages: a cursor says after which one the next page begins."""

from dataclasses import dataclass

from headrace.errors import HeadraceError, InputError

PAGE, PAGE_MAX = 50, 500


class MovedOnError(HeadraceError):
    """What was listed was replaced between two pages."""


@dataclass(frozen=True)
class Cursor:
    """A place in a list.

    Attributes:
        of: Which state of the list, so that no page mixes two.
        after: Position of the last one shown.
    """

    of: str
    after: int

    def __str__(self) -> str:
        """As clients hand it back; they are not to look inside."""
        return f"{self.of}-{self.after}"


def position_after(cursor: str | None, of: str) -> int:
    """Where the next page begins; 0 without a cursor.

    Raises:
        InputError: It is no cursor.
        MovedOnError: It is of another state of the list.
    """
    if cursor is None:
        return 0
    state, _, after = cursor.rpartition("-")
    if not (state and after.isascii() and after.isdigit() and len(after) < 16):
        raise InputError(
            "This is no cursor", where="cursor", remedy="Give `next` of the page before"
        )
    if state != of:
        raise MovedOnError(
            "The list is another one since the page before",
            where="cursor",
            remedy="Begin again without a cursor",
        )
    return int(after) + 1

"""A finding: something in the evidence is not what was recorded."""

from dataclasses import dataclass

RESTORE = "restore the file as the run wrote it"


@dataclass(frozen=True)
class Problem:
    """One thing that does not hold; a value, because checking goes on after it.

    Attributes:
        where: The file, log entry or decision, in words a person can find it by.
        what: What is wrong with it, one clause.
        remedy: What would be right, or the next step; empty where there is nothing to advise.
    """

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.where}: {self.what}" + (f" ({self.remedy})" if self.remedy else "")


def printable(name: str) -> str:
    """A name that came from outside, safe to show: escaped where it has unprintable characters."""
    return name if name.isprintable() else ascii(name)

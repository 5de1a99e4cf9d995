"""What is compared, how pairs are found, and what no party can have two of."""

from dataclasses import dataclass
from enum import IntEnum

from headrace.graph.identity.firm_names import LEVELS


class Measure(IntEnum):
    """How near two different texts are."""

    EQUALITY = 0
    JARO_WINKLER = 1
    EDITS = 2


@dataclass(frozen=True)
class TextComparison:
    """Two texts: equal, near, or different.

    Attributes:
        field: Column of strings; other types are compared as they are printed.
        measure: How near two texts are that are not equal.
        thresholds: From the strictest: least similarity 0..1, or most edits.
        by_frequency: Whether agreeing on a rare value counts for more.
    """

    field: str
    measure: Measure = Measure.EQUALITY
    thresholds: tuple[float, ...] = ()
    by_frequency: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """What each level means, from 0, different."""
        sign = "similarity at least" if self.measure == Measure.JARO_WINKLER else "edits at most"
        near = [f"{sign} {threshold:g}" for threshold in reversed(self.thresholds)]
        return ("different", *near, "equal")


@dataclass(frozen=True)
class SharedComparison:
    """Two sets: how much they share. People are told apart by whom and what they share.

    Attributes:
        field: Column of lists of strings.
        at_least: Ascending counts, each a level.
    """

    field: str
    at_least: tuple[int, ...] = (1,)

    @property
    def words(self) -> tuple[str, ...]:
        """What each level means, from 0, nothing shared."""
        return ("nothing shared", *(f"{count} or more shared" for count in self.at_least))


@dataclass(frozen=True)
class FirmNameComparison:
    """Two company names, part by part; of lists of present and former names the best two.

    Attributes:
        field: Column of strings or of lists of strings.
        by_frequency: Whether agreeing on a rare trade name counts for more.
    """

    field: str
    by_frequency: bool = True

    @property
    def words(self) -> tuple[str, ...]:
        """What each level means, from 0, another trade name."""
        return LEVELS


Comparison = TextComparison | SharedComparison | FirmNameComparison


@dataclass(frozen=True)
class Part:
    """What a key is made of.

    Attributes:
        field: A column; of company names one part: `name.trade`, `name.sound`, `name.region`,
            `name.branch`.
        first: How many characters count; 0 for all. Texts only.
    """

    field: str
    first: int = 0


@dataclass(frozen=True)
class Rule:
    """Records are compared where they agree on every part. A list gives a key an item."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return " + ".join(p.field + (f"[:{p.first}]" if p.first else "") for p in self.parts)


def block_on(*parts: str | Part) -> Rule:
    """A rule of whole columns, or of parts."""
    return Rule(tuple(part if isinstance(part, Part) else Part(part) for part in parts))


@dataclass(frozen=True)
class Settings:
    """Everything about a kind of party that is decided before any record is seen.

    Attributes:
        comparisons: What is compared.
        rules: How pairs are found.
        weight_min: Bits of evidence from which two records are one party; 0 is even odds.
        block_rows_max: A key that more records share says nothing: it gives no pairs.
        single: Parts of which a party has one value: records with two are never joined.
        source: Column naming where a record comes from, where each source knows a party once and
            only records of different sources are compared; None: no such column. At most 63.
    """

    comparisons: tuple[Comparison, ...]
    rules: tuple[Rule, ...]
    weight_min: float = 4.25
    block_rows_max: int = 1_000
    single: tuple[str, ...] = ()
    source: str | None = None

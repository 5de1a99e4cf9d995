"""A named score as data: fields with a dictionary, items that give points, grades.

One TOML file a score. An expert score is a judgement written down: nothing was fitted, and the file
says whose practice it follows. The points of all items add up to 100. An item that is not known
gets what its `missing` says (nothing, unless stated), and the score comes with the range it could
have if the missing were known.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import msgspec

from headrace.errors import MappingError

FULL = 100.0
"""What the weights of all items add up to."""


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing said to people, in both languages."""

    en: str
    zh: str

    def say(self, lang: str) -> str:
        """In "en" or "zh"."""
        return self.zh if lang == "zh" else self.en


class Kind(Enum):
    """What the cells of a field are."""

    NUMBER = "number"
    CHOICE = "choice"
    FLAG = "flag"


class Simulated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How made-up values of a field are drawn.

    Attributes:
        median: Of a number.
        spread: Of its logarithm (a number above 0), or of itself where `plain`.
        plain: Whether the number itself is normal, and not its logarithm.
        whole: Whether the number is rounded down to a whole one.
        shares: Of each choice, or of yes for a flag.
        toward: Correlation with the hidden quality that decides the made-up outcome, -1 to 1; of a
            choice, with the choices that stand first; of a flag, with yes.
        missing: Share of applicants of whom it is not known.
    """

    median: float = 0.0
    spread: float = 0.0
    plain: bool = False
    whole: bool = False
    shares: tuple[float, ...] = ()
    toward: float = 0.0
    missing: float = 0.0


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the data dictionary.

    Attributes:
        name: Of the column.
        title: For people.
        kind: Number, choice or flag.
        means: What it is and how it is counted, with its window.
        source: Where it comes from.
        unit: Of a number.
        low: Lowest value that can be; below, a cell is refused.
        high: Highest value that can be.
        choices: Words a choice may be, with what they say to people.
        personal: Whether it is personal data, which need consent and purpose.
        simulated: How made-up values are drawn.
    """

    name: str
    title: Words
    kind: Kind
    means: Words
    source: Words
    simulated: Simulated
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: dict[str, Words] = {}
    personal: bool = False


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one field gives.

    Attributes:
        field: Its name.
        weight: Points at most, above 0.
        reason: What an applicant is told who got little for it; names no threshold.
        at: Points of a line, value and share of the weight, values rising: straight in between,
            level beyond the ends.
        shares: Share of the weight of each choice; of a flag, of "yes" and "no".
        missing: Share of the weight where it is not known.
        local: Whether a number is first divided by what is usual in the applicant's region.
    """

    field: str
    weight: float
    reason: Words
    at: tuple[tuple[float, float], ...] = ()
    shares: dict[str, float] = {}
    missing: float = 0.0
    local: bool = False


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Items that belong together."""

    name: str
    title: Words
    items: tuple[Item, ...]


class Grade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A band of scores.

    Attributes:
        name: Of the grade.
        least: Lowest score of it; the grades fall, the last is 0.
        figures: What goes with the grade, by the keys of `figures`.
    """

    name: str
    least: float
    figures: dict[str, float] = {}


class Figure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure that goes with a grade, such as the most that is lent."""

    title: Words
    unit: str


class NamedScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A score as its file states it.

    Attributes:
        name: As the command line spells it.
        version: Day of the definition, ISO.
        title: For people.
        about: Who is scored and what for.
        basis: Whose practice the weights follow, and that they were not fitted.
        fields: The data dictionary.
        parts: What is added up.
        grades: Best first.
        figures: Meaning of the figures of the grades.
        least_known: Share of all points that must be known for a grade, 0 to 1.
        usual: By region, then field: what is usual there, above 0; "*" stands for every other
            region.
    """

    name: str
    version: str
    title: Words
    about: Words
    basis: Words
    fields: tuple[Field, ...]
    parts: tuple[Part, ...]
    grades: tuple[Grade, ...]
    figures: dict[str, Figure] = {}
    least_known: float = 0.5
    usual: dict[str, dict[str, float]] = {}

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, in the order of the file."""
        return tuple(item for part in self.parts for item in part.items)

    @property
    def local(self) -> bool:
        """Whether a region is asked for."""
        return any(item.local for item in self.items)

    def field(self, name: str) -> Field:
        """The field of that name.

        Raises:
            KeyError: There is none.
        """
        return {field.name: field for field in self.fields}[name]


@dataclass(frozen=True)
class _At:
    """Where in a file something is wrong."""

    file: str

    def wrong(self, place: str, problem: str, right: str) -> MappingError:
        where = f"{self.file}, {place}" if place else self.file
        return MappingError(problem, where=where, remedy=right)


def read_named_score(text: str, file: str) -> NamedScore:
    """A score of a TOML text.

    Args:
        text: The file's text.
        file: Its name, for errors.

    Raises:
        MappingError: It is no such definition; the place and what would be right are named.
    """
    at = _At(file)
    try:
        found = msgspec.convert(tomllib.loads(text), NamedScore)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise at.wrong(
            "", f"it is no TOML: {error}", "`headrace score export` prints one"
        ) from None
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        raise at.wrong(path.strip("`$."), problem, "`headrace score export` prints one") from None
    _check_fields(found, at)
    for part in found.parts:
        for item in part.items:
            _check_item(found, item, at, f"{part.name}.{item.field}")
    _check_sums(found, at)
    _check_grades(found, at)
    return found


def _check_fields(score: NamedScore, at: _At) -> None:
    names = [field.name for field in score.fields]
    for field in score.fields:
        place = f"fields.{field.name}"
        if names.count(field.name) > 1:
            raise at.wrong(place, "the field is there twice", "keep one")
        if (field.kind is Kind.CHOICE) != bool(field.choices):
            raise at.wrong(place, "choices do not fit its kind", "a choice, and only it, has them")
        drawn, count = field.simulated, {Kind.CHOICE: len(field.choices), Kind.FLAG: 1}
        if len(drawn.shares) != count.get(field.kind, 0) or sum(drawn.shares) > 1 + 1e-9:
            raise at.wrong(
                f"{place}.simulated.shares",
                "they do not fit the field",
                "one a choice, summing to 1; one for a flag; none for a number",
            )
        if (
            not -1 <= drawn.toward <= 1
            or not 0 <= drawn.missing < 1
            or min(drawn.shares, default=0) < 0
        ):
            raise at.wrong(f"{place}.simulated", "out of range", "toward -1 to 1, missing 0 to 1")


def _check_item(score: NamedScore, item: Item, at: _At, place: str) -> None:
    fields = {field.name: field for field in score.fields}
    if item.field not in fields:
        raise at.wrong(place, "no field has this name", f"one of {', '.join(fields)}")
    field = fields[item.field]
    if item.weight <= 0 or not 0 <= item.missing <= 1:
        raise at.wrong(place, "weight or missing is out of range", "weight above 0, missing 0 to 1")
    if field.kind is Kind.NUMBER:
        values = [value for value, _ in item.at]
        if item.shares or len(values) < 2 or any(a >= b for a, b in pairwise(values)):
            raise at.wrong(
                place, "a number needs a line", "at = [[value, share], …], values rising"
            )
        given = [share for _, share in item.at]
    else:
        wanted = set(field.choices) if field.kind is Kind.CHOICE else {"yes", "no"}
        if item.at or item.local or set(item.shares) != wanted:
            raise at.wrong(place, "a share of each choice is needed", ", ".join(sorted(wanted)))
        given = list(item.shares.values())
    if min(given) < 0 or max(given) > 1:
        raise at.wrong(place, "a share is not from 0 to 1", "shares of the weight, 0 to 1")
    if item.local and item.field not in score.usual.get("*", {}):
        raise at.wrong(f"usual.*.{item.field}", "it is missing", "what is usual everywhere else")


def _check_sums(score: NamedScore, at: _At) -> None:
    items = score.items
    total = sum(item.weight for item in items)
    if abs(total - FULL) > 1e-9:
        raise at.wrong("parts", f"the weights add up to {total:g}", f"they add up to {FULL:g}")
    used = [item.field for item in items]
    idle = [field.name for field in score.fields if field.name not in used]
    if idle or len(set(used)) < len(used):
        named = idle or sorted({name for name in used if used.count(name) > 1})
        raise at.wrong("parts", f"{named[0]} is not used once", "each field in one item")
    for region, norms in score.usual.items():
        for name, value in norms.items():
            if name not in used or not value > 0:
                place = f"usual.{region}.{name}"
                raise at.wrong(place, "it is no norm of a field", "a field and a number above 0")


def _check_grades(score: NamedScore, at: _At) -> None:
    least = [grade.least for grade in score.grades]
    falls = all(a > b for a, b in pairwise(least))
    if not least or not falls or least[-1] != 0 or least[0] > FULL:
        raise at.wrong("grades", "they are no scale", "`least` falls from grade to grade, to 0")
    for grade in score.grades:
        if set(grade.figures) != set(score.figures):
            raise at.wrong(
                f"grades.{grade.name}.figures", "they are not those of [figures]", "one of each"
            )
    if not 0 <= score.least_known <= 1:
        raise at.wrong("least_known", "it is no share", "from 0 to 1")


@cache
def shipped_texts() -> Mapping[str, str]:
    """The files that ship, by name, in the order of the names."""
    folder = files("headrace.scores.named").joinpath("catalogue")
    found = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    return {name.removesuffix(".toml"): folder.joinpath(name).read_text("utf-8") for name in found}


def as_text(score: NamedScore) -> dict[str, Any]:
    """The definition as plain data, for JSON."""
    plain: dict[str, Any] = msgspec.to_builtins(score)
    return plain

"""The checks that every feature set must pass, and a list of everything that is wrong.

Loading from YAML uses them too: it hands over what it could read and the names of what it could
not, so that one mistake is not told ten times.
"""

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields

from headrace.errors import MappingError
from headrace.features.definition import (
    Arithmetic,
    Column,
    ColumnType,
    Definition,
    FeatureSet,
    Measure,
    Table,
)
from headrace.features.expressions import (
    KIND_WORDS,
    Expression,
    ExpressionError,
    check_zone,
    parse_expression,
)
from headrace.features.windows import Calendar

Path = tuple[str | int, ...]
PROBLEMS_SHOWN = 20
PROBLEMS_MAX = 1_000


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a feature set.

    Attributes:
        place: "features.yaml:12:9", line and column from 1; "" in a set made in Python.
        what: The definition and its field: "feature sales_12m, where".
        problem: What is wrong.
        remedy: What would be right.
    """

    place: str
    what: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        remedy = f" ({self.remedy})" if self.remedy else ""
        parts = [part for part in (self.place, self.what) if part]
        return f"{' '.join(parts)}: {self.problem}{remedy}"


class FeatureSetError(MappingError):
    """Everything that is wrong with a feature set.

    Attributes:
        problems: In order of the file.
    """

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        """Show the first problems, one a line."""
        self.problems = tuple(problems)
        lines = [str(problem) for problem in problems[:PROBLEMS_SHOWN]]
        if len(problems) > PROBLEMS_SHOWN:
            lines.append(f"and {len(problems) - PROBLEMS_SHOWN} more")
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{name} has {count}", where="\n".join(lines))


def check_feature_set(feature_set: FeatureSet) -> None:
    """Check names, columns and their types, expressions and zones, as loading does.

    Raises:
        FeatureSetError: With every problem that was found.
    """
    draft, notes = Draft(), Notes()
    draft.tables = [(("tables", i), each) for i, each in enumerate(feature_set.tables)]
    draft.definitions = [(("features", i), each) for i, each in enumerate(feature_set.definitions)]
    names = {path: each.name for path, each in (*draft.tables, *draft.definitions)}
    check(draft, notes)
    problems = []
    for path, error in notes.found.items():
        mark = f", character {error.at + 1}" if isinstance(error, ExpressionError) else ""
        what = what_words(path, names) + mark
        problems.append(Problem("", what, error.problem, error.remedy))
    if problems:
        raise FeatureSetError("the feature set", problems)


class Notes:
    """Errors by the way to what they are about, one for each place.

    What follows from an error that is noted (at the same place, inside it or around it) is not
    noted again.
    """

    def __init__(self) -> None:
        """Nothing is noted yet."""
        self.found: dict[Path, MappingError] = {}

    def add(self, path: Path, error: MappingError) -> None:
        """Note an error, unless it follows from one that is noted."""
        known = any(path[: len(one)] == one[: len(path)] for one in self.found)
        if not known and len(self.found) < PROBLEMS_MAX:
            self.found[path] = error

    @contextmanager
    def noting(self, path: Path) -> Iterator[None]:
        """Note an error that is raised inside, and go on."""
        try:
            yield
        except MappingError as error:
            self.add(path, error)


@dataclass
class Draft:
    """What was read so far, and what could not be.

    Attributes:
        tables: Each with its path.
        definitions: Each with its path.
        unread_columns: By table, the names of columns that could not be read.
        unread_features: The names of features that could not be read.
        all_tables_read: False where a table could not be read at all.
    """

    tables: list[tuple[Path, Table]] = field(default_factory=list)
    definitions: list[tuple[Path, Definition]] = field(default_factory=list)
    unread_columns: dict[str, set[str]] = field(default_factory=dict)
    unread_features: set[str] = field(default_factory=set)
    all_tables_read: bool = True


def what_words(path: Path, names: Mapping[Path, str]) -> str:
    """The way to a value in words: "feature sales_12m, where"."""
    if len(path) < 2:
        return "".join(str(part) for part in path)
    name = names.get(path[:2]) or str(int(path[1]) + 1)
    rest = [part if isinstance(part, str) else str(part + 1) for part in path[2:]]
    return f"{str(path[0]).removesuffix('s')} {name}" + (f", {' '.join(rest)}" if rest else "")


@dataclass
class _Known:
    """The columns of a table, and the names of those that could not be read.

    `zone` is that of the table if there is such a zone, else UTC.
    """

    table: Table
    zone: str
    columns: dict[str, Column]
    unread: set[str]

    def expression(self, text: str, kind: ColumnType | None = None) -> Expression | None:
        """Checked; None where it names what could not be read."""
        if not self.unread.isdisjoint(re.findall(r"\w+", text)):
            return None
        expression = parse_expression(text, list(self.columns.values()), self.zone)
        if kind is not None and expression.type is not kind:
            raise MappingError(
                f"this is {KIND_WORDS[expression.type]}, not {KIND_WORDS[kind]}",
                remedy="a filter is true or false, for example amount > 0",
            )
        return expression

    def needs(self, name: str, fits: Callable[[Column], bool], need: str) -> None:
        """Refuse a column that is not there or does not fit."""
        if name in self.unread:
            return
        column = self.columns.get(name)
        if column is None:
            raise MappingError(
                f"no column is called {name!r}", remedy=choice(name, self.columns, "columns")
            )
        if not fits(column):
            places = f" with {column.places} decimal places" if column.places else ""
            kind = f"{KIND_WORDS[column.type]}{places}"
            raise MappingError(f"{name!r} holds {kind}", remedy=need)


def check(draft: Draft, notes: Notes) -> None:
    """Note everything that is wrong with a draft."""
    known: dict[str, _Known] = {}
    for path, table in draft.tables:
        with notes.noting((*path, "name")):
            _check_name(table.name, known)
        known.setdefault(table.name, _check_table(path, table, draft, notes))
    later = {each.name for _, each in draft.definitions}
    defined: set[str] = set()
    for path, definition in draft.definitions:
        with notes.noting((*path, "name")):
            _check_name(definition.name, defined)
        if isinstance(definition, Measure):
            with notes.noting((*path, "table")):
                table_name = _check_table_name(definition.table, draft)
                if table_name in known:
                    _check_measure(path, definition, known[table_name], notes)
        else:
            with notes.noting((*path, keyword_of(type(definition)))):
                _check_parts(definition, defined, later, draft.unread_features)
        defined.add(definition.name)


def _check_name(name: str, taken: Collection[str]) -> None:
    if not name or not name.isprintable() or name != name.strip():
        raise MappingError(f"{name!r} is not a name", remedy="printable characters, no blank ends")
    if name in taken:
        raise MappingError(f"{name!r} is defined twice", remedy="give one of them another name")


def _check_table(path: Path, table: Table, draft: Draft, notes: Notes) -> _Known:
    known = _Known(table, "UTC", {}, draft.unread_columns.get(table.name, set()))
    with notes.noting((*path, "zone")):
        check_zone(table.zone)
        known.zone = table.zone
    for column in table.columns:
        with notes.noting((*path, "columns", column.name)):
            _check_column(column, table, known)
        known.columns[column.name] = column
    with notes.noting((*path, "time")):
        _check_name(table.time, ())
        known.columns[table.time] = Column(table.time, ColumnType.INSTANT)
    for derived in table.derived:
        with notes.noting((*path, "derived", derived.name)):
            _check_name(derived.name, known.columns)
            expression = known.expression(derived.expression)
            if expression:
                column = Column(derived.name, expression.type, expression.places)
                known.columns[derived.name] = column
        if derived.name not in known.columns:
            known.unread.add(derived.name)
    for name in ("id", "known"):
        with notes.noting((*path, name)):
            _check_own_column(name, table)
    _check_key((*path, "key"), table.key, known, notes)
    if not table.key:
        error = MappingError(
            "the key names no column", remedy="name the columns that say whose events they are"
        )
        notes.add((*path, "key"), error)
    return known


def _check_column(column: Column, table: Table, known: _Known) -> None:
    _check_name(column.name, known.columns)
    if column.name == table.time:
        raise MappingError("the time of an event is not listed again", remedy="leave it out")
    if column.name == "missing":
        raise MappingError("`missing` has a meaning in expressions", remedy="give it another name")
    if column.places and column.type is not ColumnType.NUMBER:
        kind = KIND_WORDS[column.type]
        raise MappingError(f"{kind} has no decimal places", remedy="places: 0")


def _check_own_column(name: str, table: Table) -> None:
    """The columns of the id and of the known time: among the others or beside them."""
    column = table.id if name == "id" else table.known
    kind = ColumnType.CATEGORY if name == "id" else ColumnType.INSTANT
    if column is None:
        return
    _check_name(column, ())
    listed = next((each for each in table.columns if each.name == column), None)
    if (listed and listed.type is not kind) or column == table.time:
        raise MappingError(f"{column!r} cannot be it", remedy=f"name a column of {kind.value}")


def _check_key(path: Path, key: Sequence[str], known: _Known, notes: Notes) -> None:
    for i, name in enumerate(key):
        with notes.noting((*path, i)):
            known.needs(name, _names_something, "a key is of categories or whole numbers")
            if name in key[:i]:
                raise MappingError(f"the key names {name!r} twice", remedy="name it once")


def _check_table_name(name: str, draft: Draft) -> str:
    names = [table.name for _, table in draft.tables]
    if not name and len(names) == 1 and draft.all_tables_read:
        return names[0]
    if name in names or not draft.all_tables_read:
        return name
    problem = f"no table is called {name!r}" if name else "it is not said whose events are counted"
    raise MappingError(problem, remedy=choice(name, names, "tables"))


def _check_measure(path: Path, measure: Measure, known: _Known, notes: Notes) -> None:
    aggregate, keyword = measure.aggregate, measure.aggregate.keyword
    if measure.where:
        with notes.noting((*path, "where")):
            known.expression(measure.where, ColumnType.FLAG)
    for each in fields(aggregate):
        value = getattr(aggregate, each.name)
        with notes.noting((*path, keyword, yaml_name(each.name))):
            if value in aggregate.conditions:
                known.expression(value, ColumnType.FLAG)
            elif each.name == "field" and value in aggregate.numbers:
                known.needs(value, _is_number, f"{keyword} is of a number or a flag")
            elif value in aggregate.categories:
                known.needs(value, _groups, "categories or numbers make groups")
            elif value in aggregate.numbers:  # beside the field these count periods
                known.needs(value, _is_whole, "a whole number, such as month(event_time)")
    if isinstance(measure.window, Calendar) and measure.window.zone:
        with notes.noting((*path, "window", "zone")):
            check_zone(measure.window.zone)
    _check_key((*path, "by"), measure.by, known, notes)


def _check_parts(
    whole: Arithmetic, defined: Collection[str], later: Collection[str], unread: Collection[str]
) -> None:
    if not whole.parts:
        raise MappingError("it is made of nothing", remedy="name the features it is made of")
    for part in whole.parts:
        if part in later and part not in defined:
            raise MappingError(f"{part!r} is defined later", remedy="define it before this one")
        if part not in defined and part not in unread:
            raise MappingError(
                f"no feature is called {part!r}", remedy=choice(part, defined, "defined before")
            )


def _is_number(column: Column) -> bool:
    return column.type in {ColumnType.NUMBER, ColumnType.FLAG}


def _is_whole(column: Column) -> bool:
    return column.type is ColumnType.NUMBER and not column.places


def _groups(column: Column) -> bool:
    return column.type in {ColumnType.CATEGORY, ColumnType.NUMBER}


def _names_something(column: Column) -> bool:
    return column.type is ColumnType.CATEGORY or _is_whole(column)


def yaml_name(name: str) -> str:
    """The key of a field of an aggregate."""
    return "of" if name == "field" else name


def keyword_of(whole: type[Arithmetic]) -> str:
    """The key of an arithmetic between features: ratio, difference, z_score."""
    return re.sub(r"(?!^)([A-Z])", r"_\1", whole.__name__).lower()


def choice(name: str, known: Collection[str], what: str) -> str:
    """A remedy: the nearest of the known names, or what there is."""
    near = difflib.get_close_matches(name[:100], list(known), n=1)
    if near:
        return f"perhaps {near[0]}"
    some = sorted(known)
    return f"{what}: {', '.join(some[:12]) or 'none'}" + (" and others" if len(some) > 12 else "")

"""Feature sets from YAML and back, and the checks that every set must pass.

    tables:
      - name: invoice
        zone: Asia/Shanghai
        key: party
        columns:
          party: category
          direction: category
          amount: number                # a whole number, such as minor units
          rate: {number: 4}             # four decimal places
        required: [party, amount]
        derived:
          month: month(event_time)
    features:
      - name: sales_12m
        sum: amount                     # the aggregate, and the column it is of
        where: direction == "sale"
        window: 365 days
      - name: sales_hhi
        hhi: {of: amount, over: counterparty}
        window: {calendar: month, count: 12, ends_before: 1}
      - name: invoices
        count: events                   # an aggregate of no column
        window: ever
        by: [party, counterparty]
        current: excluded
      - name: sales_share
        ratio: [sales_12m, turnover_12m]

Windows: `ever`, a length of time, or one of {sliding: 30 days, ends_before: 7 days,
start_included: true}, {calendar: month}, {last: 10}, {session: 30 minutes}. A calendar is that of
the table's zone unless it names one. What is left out has the default of the class of that name in
`definition`, `aggregates` or `windows`; keys are the names of their attributes, but for `of`, the
field of an aggregate. `id: null` says that events have no name of their own.

YAML is read as text with places: nothing is constructed, a value is what its field wants it to be
(a column may be called `no`), and anchors, aliases and tags are refused.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from enum import Enum
from typing import Any, NoReturn, TypeVar, get_args, get_type_hints

import yaml

from headrace.errors import MappingError
from headrace.features.aggregates import Aggregate
from headrace.features.checking import (
    Draft,
    FeatureSetError,
    Notes,
    Path,
    Problem,
    check,
    check_feature_set,
    choice,
    keyword_of,
    what_words,
    yaml_name,
)
from headrace.features.definition import (
    Arithmetic,
    Column,
    ColumnType,
    Definition,
    Derived,
    FeatureSet,
    Measure,
    Table,
)
from headrace.features.expressions import ExpressionError
from headrace.features.windows import (
    ALL_HISTORY,
    Calendar,
    LastEvents,
    Session,
    Sliding,
    Window,
    duration_words,
    parse_duration,
)

Made = TypeVar("Made")
TEXT_MAX = 1_000_000  # characters
DEPTH_MAX = 8
EVER, EVENTS = "ever", "events"

AGGREGATES: dict[str, Any] = {each.keyword: each for each in get_args(Aggregate)}
ARITHMETIC: dict[str, Any] = {keyword_of(each): each for each in get_args(Arithmetic)}
WINDOWS: dict[str, tuple[Any, str]] = {
    "sliding": (Sliding, "length"),
    "calendar": (Calendar, "period"),
    "last": (LastEvents, "count"),
    "session": (Session, "gap"),
}


def load_feature_set(text: str, name: str) -> FeatureSet:
    """The feature set that a YAML text says.

    Args:
        text: See the module.
        name: Of the file, for messages.

    Raises:
        FeatureSetError: With every problem that was found, each with its line and column.
    """
    file = _File(text, name)
    draft = Draft()
    _read_file(file, draft)
    check(draft, file.notes)
    if file.notes.found:
        raise FeatureSetError(name, file.problems())
    return FeatureSet(
        tuple(table for _, table in draft.tables), tuple(each for _, each in draft.definitions)
    )


def dump_feature_set(feature_set: FeatureSet) -> str:
    """YAML that `load_feature_set` reads back to an equal set.

    Raises:
        FeatureSetError: The set would not load.
        MappingError: A length of time is not whole seconds.
    """
    check_feature_set(feature_set)
    whole = {
        "tables": [_table_entries(table) for table in feature_set.tables],
        "features": [_feature_entries(each, feature_set) for each in feature_set.definitions],
    }
    return yaml.dump(whole, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


# --- from YAML ------------------------------------------------------------------------------------


class _NodeError(MappingError):
    """Something wrong with a node of the file."""

    def __init__(self, node: yaml.Node, problem: str, remedy: str = "") -> None:
        self.node = node
        super().__init__(problem, remedy=remedy)


class _Composer(yaml.SafeLoader):
    """Nodes with places; no anchors, aliases or tags, and no depth without end."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs do not type it
        mark = event.start_mark
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem="no anchors, aliases or tags", problem_mark=mark)
        if self.depth > DEPTH_MAX:
            raise yaml.MarkedYAMLError(problem="it is nested too deep", problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _File:
    """The text, its nodes and the notes on them."""

    def __init__(self, text: str, name: str) -> None:
        self.text, self.name = text, name
        self.notes = Notes()
        self.names: dict[Path, str] = {}
        if len(text) > TEXT_MAX:
            self._stop(0, 0, f"the file is longer than {TEXT_MAX:,} characters")
        self.root = self._composed()

    def _composed(self) -> yaml.Node:
        try:
            root = _Composer(self.text).get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = f"the YAML cannot be read: {error.problem}"
            self._stop(mark.line if mark else 0, mark.column if mark else 0, problem)
        except yaml.reader.ReaderError as error:
            before = self.text[: error.position]
            column = error.position - (before.rfind("\n") + 1)
            self._stop(before.count("\n"), column, "this character is not let into YAML")
        if root is None:
            self._stop(0, 0, "the file is empty")
        return root

    def _stop(self, line: int, column: int, problem: str) -> NoReturn:
        remedy = 'a text that holds ": " or " #", or begins with a quote, stands in quotes'
        place = f"{self.name}:{line + 1}:{column + 1}"
        raise FeatureSetError(self.name, [Problem(place, "", problem, remedy)])

    def problems(self) -> list[Problem]:
        """The notes, in order of the file."""
        placed = []
        for path, error in self.notes.found.items():
            line, column = self._place(path, error)
            place = f"{self.name}:{line + 1}:{column + 1}"
            problem = Problem(place, what_words(path, self.names), error.problem, error.remedy)
            placed.append(((line, column), problem))
        return [problem for _, problem in sorted(placed, key=lambda pair: pair[0])]

    def _place(self, path: Path, error: MappingError) -> tuple[int, int]:
        node = error.node if isinstance(error, _NodeError) else self._node(path)
        mark = node.start_mark
        if isinstance(error, ExpressionError) and isinstance(node, yaml.ScalarNode):
            # Inside the text, where the file holds it as it is, behind a quote or not.
            for shift in (0, 1):
                if self.text.startswith(node.value, mark.index + shift):
                    return mark.line, mark.column + shift + error.at
        return mark.line, mark.column

    def _node(self, path: Path) -> yaml.Node:
        """The node at the end of the path, or the last one before it that there is."""
        node = self.root
        for step in path:
            inner = None
            if isinstance(node, yaml.MappingNode):
                inner = next((value for key, value in node.value if key.value == step), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                inner = node.value[step]
            if inner is None:
                break
            node = inner
        return node

    def entries(
        self, path: Path, node: yaml.Node, known: Collection[str] | None = None
    ) -> dict[str, yaml.Node]:
        """The entries of a mapping by key; None lets in any key. Notes the wrong ones."""
        if not isinstance(node, yaml.MappingNode):
            raise _NodeError(node, "here stands no mapping", "write key: value")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.notes.add((*path, "?"), _NodeError(key, "a key is a word", "write key: value"))
            elif known is not None and key.value not in known:
                remedy = choice(key.value, known, "there are")
                error = _NodeError(key, f"nothing is called {key.value!r} here", remedy)
                self.notes.add((*path, key.value), error)
            elif key.value in found:
                self.notes.add((*path, key.value), _NodeError(key, f"{key.value!r} stands twice"))
            else:
                found[key.value] = value
        return found

    def make(
        self,
        path: Path,
        node: yaml.Node,
        made: Callable[..., Made],
        names: Mapping[str, str],
        **given: object,
    ) -> Made | None:
        """A frozen value from a mapping of its fields; None where that cannot be.

        Args:
            path: The way to the node.
            node: The mapping.
            made: A dataclass. Its name, where it has one, is not said here.
            names: Keys of fields whose key is not their name.
            given: Values of fields that the mapping may leave out.
        """
        kinds = {
            names.get(each.name, each.name): each for each in _fields(made) if each.name != "name"
        }
        types = get_type_hints(made)
        values = dict(given)
        for key, value in self.entries(path, node, kinds).items():
            with self.notes.noting((*path, key)):
                values[kinds[key].name] = _read(value, types[kinds[key].name])
        for key, each in kinds.items():
            if each.name not in values and _is_required(each):
                self.notes.add((*path, key), MappingError(f"{key!r} is missing"))
        with self.notes.noting(path):
            if all(each.name in values or not _is_required(each) for each in kinds.values()):
                return made(**values)
        return None


def _read_file(file: _File, draft: Draft) -> None:
    readers = {"tables": _read_table, "features": _read_feature}
    with file.notes.noting(()):
        entries = file.entries((), file.root, readers)
        for key, read in readers.items():
            with file.notes.noting((key,)):
                for i, node in enumerate(_items(entries, key)):
                    with file.notes.noting((key, i)):
                        read(file, (key, i), node, draft)


def _items(entries: Mapping[str, yaml.Node], key: str) -> list[yaml.Node]:
    if key not in entries:
        raise MappingError(f"{key!r} is missing", remedy=f"write {key}: and a list")
    if not isinstance(entries[key], yaml.SequenceNode):
        raise _NodeError(entries[key], "here stands no list", "begin each with a dash")
    items: list[yaml.Node] = entries[key].value
    return items


def _read_table(file: _File, path: Path, node: yaml.Node, draft: Draft) -> None:
    types = get_type_hints(Table)
    values: dict[str, Any] = {"key": ()}
    # Restored at the end, if the way leads there.
    draft.all_tables_read, were_read = False, draft.all_tables_read
    entries = file.entries(path, node, (*types, "required"))
    for key, value in entries.items():
        if key not in {"columns", "derived", "required"}:
            with file.notes.noting((*path, key)):
                values[key] = _read(value, types[key])
    for key in ("name", "key"):
        if key not in entries:
            file.notes.add((*path, key), MappingError(f"{key!r} is missing"))
    name = values.get("name", "")
    file.names[path] = name
    unread = draft.unread_columns.setdefault(name, set())
    with file.notes.noting((*path, "columns")):
        values["derived"] = _read_derived(file, path, entries, unread)
        values["columns"] = _read_columns(file, path, entries, unread)
        if name:
            draft.tables.append((path, Table(**values)))
            draft.all_tables_read = were_read


def _read_columns(
    file: _File, path: Path, entries: Mapping[str, yaml.Node], unread: set[str]
) -> tuple[Column, ...]:
    required: tuple[str, ...] = ()
    if "columns" not in entries:
        raise MappingError("'columns' is missing")
    specified = file.entries((*path, "columns"), entries["columns"])
    if "required" in entries:
        with file.notes.noting((*path, "required")):
            required = _texts(entries["required"])
            for name in required:
                if name not in specified:
                    remedy = choice(name, specified, "columns")
                    raise MappingError(f"no column is called {name!r}", remedy=remedy)
    columns = []
    for name, node in specified.items():
        unread.add(name)
        with file.notes.noting((*path, "columns", name)):
            kind, places = _read_column(file, (*path, "columns", name), node)
            columns.append(Column(name, kind, places, name in required))
            unread.remove(name)
    return tuple(columns)


def _read_column(file: _File, path: Path, node: yaml.Node) -> tuple[ColumnType, int]:
    if isinstance(node, yaml.ScalarNode):
        return _read(node, ColumnType), 0
    number = ColumnType.NUMBER.value
    entries = file.entries(path, node, (number,))
    if number not in entries:
        raise _NodeError(node, "only a number has parameters", "write {number: 2}")
    return ColumnType.NUMBER, _whole(entries[number])


def _read_derived(
    file: _File, path: Path, entries: Mapping[str, yaml.Node], unread: set[str]
) -> tuple[Derived, ...]:
    derived = []
    if "derived" in entries:
        with file.notes.noting((*path, "derived")):
            for name, node in file.entries((*path, "derived"), entries["derived"]).items():
                unread.add(name)
                with file.notes.noting((*path, "derived", name)):
                    derived.append(Derived(name, _text(node)))
                    unread.remove(name)
    return tuple(derived)


def _read_feature(file: _File, path: Path, node: yaml.Node, draft: Draft) -> None:
    entries = file.entries(path, node, ("name", *AGGREGATES, *ARITHMETIC, *_PLAIN, "window"))
    name = ""
    with file.notes.noting((*path, "name")):
        if "name" not in entries:
            raise MappingError("'name' is missing")
        name = _text(entries["name"])
    file.names[path] = name
    draft.unread_features.add(name)
    heads = [key for key in entries if key in AGGREGATES or key in ARITHMETIC]
    if len(heads) != 1:
        said = f"both {heads[0]!r} and {heads[1]!r}" if heads else "nothing"
        raise _NodeError(node, f"the feature says {said} to compute", "one aggregate, such as sum")
    way = (*path, heads[0])
    if heads[0] in AGGREGATES:
        values = _read_measure(file, path, entries, draft) | {"name": name}
        with file.notes.noting(way):
            aggregate = _read_aggregate(file, way, entries[heads[0]])
            if aggregate is not None:
                _keep(draft, path, Measure(aggregate=aggregate, **values))
        return
    for key in set(entries) - {"name", heads[0]}:
        error = MappingError(f"a {heads[0]} has no {key!r}", remedy="filter its parts instead")
        file.notes.add((*path, key), error)
    with file.notes.noting(way):
        _keep(draft, path, _read_arithmetic(file, way, entries[heads[0]], name))


def _read_measure(
    file: _File, path: Path, entries: Mapping[str, yaml.Node], draft: Draft
) -> dict[str, Any]:
    """What a measure has beside its name and its aggregate."""
    types = get_type_hints(Measure)
    values: dict[str, Any] = {}
    for key in _PLAIN:
        if key in entries:
            with file.notes.noting((*path, key)):
                values[key] = _read(entries[key], types[key])
    if "window" in entries:
        with file.notes.noting((*path, "window")):
            window = _read_window(file, (*path, "window"), entries["window"])
            values |= {"window": window} if window else {}
    return values


def _keep(draft: Draft, path: Path, definition: Definition | None) -> None:
    if definition is not None and definition.name:
        draft.definitions.append((path, definition))
        draft.unread_features.discard(definition.name)


def _read_aggregate(file: _File, path: Path, node: yaml.Node) -> Aggregate | None:
    head = str(path[-1])
    made = AGGREGATES[head]
    if isinstance(node, yaml.MappingNode):
        return file.make(path, node, made, {"field": yaml_name("field")})
    text = _text(node)
    required = [each.name for each in fields(made) if _is_required(each)]
    given: dict[str, Any] = {"field": text} if required == ["field"] else {}
    if len(required) == len(given) and (given or text == EVENTS):
        aggregate: Aggregate = made(**given)
        return aggregate
    keys = ", ".join(f"{yaml_name(name)}: ..." for name in required)
    remedy = f"write {head}: {{{keys}}}" if required else f"write {head}: {EVENTS}"
    raise _NodeError(node, f"{head} is not of one column", remedy)


def _read_arithmetic(file: _File, path: Path, node: yaml.Node, name: str) -> Arithmetic | None:
    made = ARITHMETIC[str(path[-1])]
    parts = [each.name for each in fields(made) if each.name != "name"]
    if len(parts) > 2:
        return file.make(path, node, made, {}, name=name)
    given = _texts(node)
    if len(parts) == 2 and len(given) != 2:
        raise _NodeError(node, f"{path[-1]} is of two features", f"write [{', '.join(parts)}]")
    arithmetic: Arithmetic = made(name, *(given if len(parts) == 2 else [given]))
    return arithmetic


def _read_window(file: _File, path: Path, node: yaml.Node) -> Window | None:
    if isinstance(node, yaml.ScalarNode):
        return ALL_HISTORY if node.value == EVER else Sliding(_duration(node))
    heads = [key for key in file.entries(path, node) if key in WINDOWS]
    if len(heads) != 1:
        expected = f"one of {', '.join(WINDOWS)}; or {EVER}, or a length of time"
        raise _NodeError(node, f"the window says {len(heads)} things", expected)
    made, first = WINDOWS[heads[0]]
    return file.make(path, node, made, {first: heads[0]})


def _read(node: yaml.Node, kind: Any) -> Any:
    """The value of a node as a field wants it."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(node, kind)
    return _VALUES[kind](node)


def _text(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise _NodeError(node, "here stands more than one text", "write one")
    if not node.value or node.tag == _NULL:
        raise _NodeError(node, "here stands nothing", "write a value, or leave the key out")
    text: str = node.value
    return text


def _text_or_null(node: yaml.Node) -> str | None:
    null = isinstance(node, yaml.ScalarNode) and node.tag == _NULL and node.value == "null"
    return None if null else _text(node)


def _texts(node: yaml.Node) -> tuple[str, ...]:
    each = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return tuple(_text(one) for one in each)


def _whole(node: yaml.Node) -> int:
    text = _text(node)
    if not re.fullmatch(r"0|[1-9]\d{0,17}", text, re.ASCII):
        raise _NodeError(node, f"{text[:40]!r} is not a whole number", "for example 12")
    return int(text)


def _real(node: yaml.Node) -> float:
    text = _text(node)
    if not re.fullmatch(r"-?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,3})?", text, re.ASCII):
        raise _NodeError(node, f"{text[:40]!r} is not a number", "for example 0.05")
    return float(text)


def _flag(node: yaml.Node) -> bool:
    text = _text(node)
    if text not in {"true", "false"}:
        raise _NodeError(node, f"{text[:40]!r} is neither true nor false", "true or false")
    return text == "true"


def _duration(node: yaml.Node) -> timedelta:
    text = _text(node)
    try:
        return parse_duration(text)
    except MappingError as error:
        raise _NodeError(node, error.problem, error.remedy) from error
    except (ValueError, OverflowError) as error:  # more digits than a length of time has
        raise _NodeError(
            node, f"{text[:40]!r} is not a length of time", "for example 365 days"
        ) from error


def _member(node: yaml.Node, kind: type[Enum]) -> Enum:
    text = _text(node)
    values = [member.value for member in kind]
    if text not in values:
        raise _NodeError(node, f"{text[:40]!r} is not known here", choice(text, values, "one of"))
    return kind(text)


_PLAIN = tuple(
    each.name for each in fields(Measure) if each.name not in {"name", "aggregate", "window"}
)
_NULL = "tag:yaml.org,2002:null"
_VALUES: dict[Any, Callable[[yaml.Node], Any]] = {
    str: _text,
    str | None: _text_or_null,
    tuple[str, ...]: _texts,
    int: _whole,
    float: _real,
    bool: _flag,
    timedelta: _duration,
}


def _fields(made: Any) -> tuple[Field[Any], ...]:
    return fields(made)


def _is_required(each: Field[Any]) -> bool:
    return each.default is MISSING


# --- to YAML --------------------------------------------------------------------------------------


_MAP, _SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"


class _Flow(dict[str, Any]):
    """A mapping on one line."""


class _Dumper(yaml.SafeDumper):
    """Tuples on one line; no anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


_Dumper.add_representer(
    _Flow, lambda dumper, data: dumper.represent_mapping(_MAP, data.items(), flow_style=True)
)
_Dumper.add_representer(
    tuple, lambda dumper, data: dumper.represent_sequence(_SEQ, data, flow_style=True)
)


def _table_entries(table: Table) -> dict[str, Any]:
    entries = _changed(table, leave_out=("columns", "derived"))
    entries["columns"] = {
        each.name: _Flow(number=each.places) if each.places else each.type.value
        for each in table.columns
    }
    required = tuple(each.name for each in table.columns if each.required)
    if required:
        entries["required"] = required
    if table.derived:
        entries["derived"] = {each.name: each.expression for each in table.derived}
    return entries


def _feature_entries(definition: Definition, feature_set: FeatureSet) -> dict[str, Any]:
    if not isinstance(definition, Measure):
        keyword, parts = keyword_of(type(definition)), _changed(definition, leave_out=("name",))
        in_order = _said(definition.parts) if len(parts) <= 2 else _Flow(parts)
        return {"name": definition.name, keyword: in_order}
    entries: dict[str, Any] = {"name": definition.name}
    aggregate = _changed(definition.aggregate)
    alone = aggregate["of"] if list(aggregate) == ["of"] else _Flow(aggregate)
    entries[definition.aggregate.keyword] = alone if aggregate else EVENTS
    entries |= _changed(definition, leave_out=("name", "aggregate"))
    if "window" in entries:
        entries["window"] = _window_entries(definition.window)
    return entries


def _window_entries(window: Window) -> Any:
    head, first = next(
        (head, first) for head, (made, first) in WINDOWS.items() if isinstance(window, made)
    )
    entries = _changed(window)
    entries = {head: entries.pop(first), **entries}
    return entries[head] if list(entries) == ["sliding"] else _Flow(entries)


def _changed(made: Any, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """The fields that differ from their defaults, as YAML says them."""
    return {
        yaml_name(each.name): _said(getattr(made, each.name))
        for each in fields(made)
        if each.name not in leave_out and getattr(made, each.name) != each.default
    }


def _said(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return value[0] if len(value) == 1 else value
    if not isinstance(value, timedelta):
        return value
    if value % timedelta(seconds=1):
        raise MappingError(f"a file cannot say {value}", remedy="use whole seconds")
    return duration_words(value)

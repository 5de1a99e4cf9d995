"""A mapping says how a bank's own tables become facts: parsed from TOML once, then frozen."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import PurePath, PurePosixPath
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from headrace.errors import MappingError
from headrace.facts.kinds import MAPPABLE
from headrace.facts.schema import FactSchema, FieldType
from headrace.money import MINOR_PER_MAJOR

_TOP = {
    "name": str,
    "simulated": bool,
    "currency": str,
    "time_zone": str,
    "purpose": str,
    "consent": str,
    "extracted_on": date,
    "table": list,
}
_TABLE = {
    "name": str,
    "file": str,
    "query": str,
    "database": str,
    "fact": str,
    "optional": bool,
    "sheet": str,
    "encoding": str,
    "columns": dict,
    "constants": dict,
    "values": dict,
    "number_width": int,
    "unit": str,
    "date_order": str,
    "extracted_on": date,
}
_UNITS = ("major", "minor")
_DATE_ORDERS = ("dmy", "mdy")
_MONEY_PARTS = ("amount", "tax", "total")  # any one of them follows from the other two


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How one table of the source becomes facts of one kind.

    Attributes:
        name: Name of the table in ids and reports; the file's stem unless given.
        fact: The kind of fact that each row is.
        columns: Field key -> the headers that may carry it, the preferred one first.
        constants: Field key -> the value that all rows share.
        values: Field key -> (text in the source -> choice).
        file: Stem or exact name of a file; empty for a query.
        query: SQL that selects the rows; empty for a file.
        database: A DuckDB file or a `postgresql://` address, for a query.
        optional: Whether the run goes on when the table is absent or unreadable.
        sheet: Sheet of a workbook; empty: the first.
        encoding: Of a text file; empty: detected.
        number_width: Digits of an invoice number, padded with zeros; 0: left as it is.
        unit: "major" (yuan) or "minor" (fen): the unit of the amounts in the source.
        date_order: "dmy", "mdy", or empty: told from the column where it can be.
        extracted_on: Day on which the file was made; None: not said.
    """

    name: str
    fact: FactSchema
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    values: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    file: str = ""
    query: str = ""
    database: str = ""
    optional: bool = False
    sheet: str = ""
    encoding: str = ""
    number_width: int = 0
    unit: str = "major"
    date_order: str = ""
    extracted_on: date | None = None


@dataclass(frozen=True, slots=True)
class SourceMapping:
    """How all tables of one source become facts.

    Attributes:
        name: What the source is called in reports.
        simulated: Whether the data are made up; reports then say so on every page.
        currency: ISO 4217, the currency of every amount.
        time_zone: IANA name; a date without a time is a day of this zone.
        purpose: What the facts may be used for.
        consent: By whose leave.
        tables: In the order of the file.
    """

    name: str
    simulated: bool
    currency: str
    time_zone: str
    purpose: str
    consent: str
    tables: tuple[TableMapping, ...]


def parse_mapping(text: str, where: str) -> SourceMapping:
    """The mapping written in a TOML text.

    Args:
        text: Content of a mapping file.
        where: Its name, for errors.

    Raises:
        MappingError: If it is not TOML, or says something that cannot be; names the table by
            number, the key, what is allowed, and the near miss.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"the mapping is not valid TOML: {error}"
        raise MappingError(message, where=where, remedy="Correct the line named") from error
    _check_keys(document, _TOP, where)
    for key in ("name", "currency", "time_zone", "purpose", "consent", "table"):
        _require(document, key, where)
    _one_of(document["currency"], MINOR_PER_MAJOR, f"{where}, key `currency`")
    _check_zone(document["time_zone"], where)
    tables = tuple(
        _table(table, f"{where}, table {number}", document.get("extracted_on"))
        for number, table in enumerate(document["table"], start=1)
    )
    _check_names(tables, where)
    return SourceMapping(
        name=document["name"],
        simulated=document.get("simulated", False),
        currency=document["currency"],
        time_zone=document["time_zone"],
        purpose=document["purpose"],
        consent=document["consent"],
        tables=tables,
    )


def _table(table: object, where: str, extracted_on: date | None) -> TableMapping:
    if not isinstance(table, dict):
        message = f"a table is written as [[table]], not as {table!r}"
        raise MappingError(message, where=where, remedy="Write [[table]] above its keys")
    _check_keys(table, _TABLE, where)
    _require(table, "fact", where)
    _one_of(table["fact"], MAPPABLE, f"{where}, key `fact`")
    schema = MAPPABLE[table["fact"]]
    _check_source(table, where)
    _one_of(table.get("unit", "major"), _UNITS, f"{where}, key `unit`")
    if "date_order" in table:
        _one_of(table["date_order"], _DATE_ORDERS, f"{where}, key `date_order`")
    mapping = TableMapping(
        name=table.get("name") or PurePosixPath(table.get("file", "query")).stem,
        fact=schema,
        columns=_columns(table.get("columns", {}), schema, where),
        constants=_constants(table.get("constants", {}), schema, where),
        values=_values(table.get("values", {}), schema, where),
        file=table.get("file", ""),
        query=table.get("query", ""),
        database=table.get("database", ""),
        optional=table.get("optional", False),
        sheet=table.get("sheet", ""),
        encoding=table.get("encoding", ""),
        number_width=table.get("number_width", 0),
        unit=table.get("unit", "major"),
        date_order=table.get("date_order", ""),
        extracted_on=table.get("extracted_on", extracted_on),
    )
    _check_complete(mapping, where)
    return mapping


def _columns(
    columns: Mapping[str, object], schema: FactSchema, where: str
) -> Mapping[str, tuple[str, ...]]:
    where = f"{where}, columns"
    found: dict[str, tuple[str, ...]] = {}
    for key, headers in columns.items():
        _one_of(key, _keys_of(schema), where)
        listed: list[Any] = headers if isinstance(headers, list) else [headers]
        if not listed or not all(isinstance(header, str) and header.strip() for header in listed):
            message = f"`{key}` is mapped to {headers!r}"
            remedy = 'Give one header, "金额", or a list of alternatives, ["金额", "amount"]'
            raise MappingError(message, where=f"{where}, key `{key}`", remedy=remedy)
        found[key] = tuple(listed)
    return MappingProxyType(found)


def _constants(
    constants: Mapping[str, object], schema: FactSchema, where: str
) -> Mapping[str, str]:
    where = f"{where}, constants"
    for key, value in constants.items():
        _one_of(key, _keys_of(schema), where)
        choices = schema.field(key).choices
        if choices:
            _one_of(value, choices, f"{where}, key `{key}`")
    return MappingProxyType({key: str(value) for key, value in constants.items()})


def _values(
    values: Mapping[str, object], schema: FactSchema, where: str
) -> Mapping[str, Mapping[str, str]]:
    where = f"{where}, values"
    choosing = [field.key for field in schema.fields if field.type is FieldType.CHOICE]
    found: dict[str, Mapping[str, str]] = {}
    for key, pairs in values.items():
        _one_of(key, choosing, where)
        if not isinstance(pairs, dict):
            message = f"`values.{key}` is {pairs!r}, not a table of text and choice"
            raise MappingError(message, where=where, remedy='Write { "作废发票" = "voided" }')
        for text, choice in pairs.items():
            _one_of(choice, schema.field(key).choices, f"{where}.{key}, key `{text}`")
        found[key] = MappingProxyType(dict(pairs))
    return MappingProxyType(found)


def _keys_of(schema: FactSchema) -> list[str]:
    return [field.key for field in schema.mapped]


def _check_complete(table: TableMapping, where: str) -> None:
    """Each required field has a column or a constant."""
    given = {*table.columns, *table.constants}
    both = sorted(given & set(table.columns) & set(table.constants))
    if both:
        message = f"`{both[0]}` is both a column and a constant"
        raise MappingError(message, where=where, remedy="Keep one of the two")
    needed = {item.key for item in table.fact.fields if item.required} - {"currency"}
    if table.fact.dated:
        needed.add("event_time")
    missing = needed - given
    parts = missing & set(_MONEY_PARTS)
    if len(parts) == 1:
        missing -= parts
    if missing:
        message = f"no column or constant gives {', '.join(f'`{key}`' for key in sorted(missing))}"
        remedy = f"Name the header of each under `columns`, for the kind `{table.fact.kind}`"
        raise MappingError(message, where=where, remedy=remedy)


def _check_source(table: Mapping[str, object], where: str) -> None:
    if ("file" in table) == ("query" in table):
        message = "a table has either a `file` or a `query`"
        raise MappingError(message, where=where, remedy="Keep one of the two")
    if "query" in table and not ("database" in table and "name" in table):
        message = "a query needs a `database` to run in and a `name` for its rows"
        remedy = 'Add database = "file.duckdb" or "postgresql://...", and name = "..."'
        raise MappingError(message, where=where, remedy=remedy)
    path = str(table.get("file", ""))
    if PurePath(path).is_absolute() or ".." in PurePath(path).parts or "\\" in path:
        message = f"the file `{path}` lies outside the data folder"
        raise MappingError(message, where=where, remedy="Name a file inside the data folder")


def _check_names(tables: Iterable[TableMapping], where: str) -> None:
    seen: set[tuple[str, str]] = set()
    for number, table in enumerate(tables, start=1):
        identity = (table.fact.kind, table.name)
        if identity in seen:
            message = f"two tables of kind `{table.fact.kind}` are named `{table.name}`"
            remedy = 'Give one of them its own name = "..."; ids are made from it'
            raise MappingError(message, where=f"{where}, table {number}", remedy=remedy)
        seen.add(identity)


def _check_keys(table: Mapping[str, Any], allowed: Mapping[str, type], where: str) -> None:
    for key, value in table.items():
        _one_of(key, allowed, where)
        kind = allowed[key]
        # A bool is an int to Python and a datetime is a date: neither is meant here.
        wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        if wrong or isinstance(value, datetime) or (kind is int and value < 0):
            message = f"`{key}` is {value!r}, which is not {_KIND_NAMES[kind]}"
            remedy = f"Write {_KIND_EXAMPLES[kind]}"
            raise MappingError(message, where=f"{where}, key `{key}`", remedy=remedy)


_KIND_NAMES: Mapping[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number from 0",
    date: "a date",
    dict: "a table",
    list: "a list of tables",
}
_KIND_EXAMPLES: Mapping[type, str] = {
    str: '"text"',
    bool: "true",
    int: "8",
    date: "2020-02-21, without quotes",
    dict: '{ key = "value" }',
    list: "[[table]]",
}


def _require(table: Mapping[str, object], key: str, where: str) -> None:
    if table.get(key) in (None, "", []):
        raise MappingError(f"`{key}` is missing", where=where, remedy=f"Add `{key}`")


def _one_of(value: object, allowed: Iterable[str], where: str) -> None:
    names = list(allowed)
    if value in names:
        return
    near = difflib.get_close_matches(str(value), names, n=1)
    hint = f"Did you mean `{near[0]}`? " if near else ""
    remedy = f"{hint}Allowed: {', '.join(names)}"
    raise MappingError(f"`{value}` is not known here", where=where, remedy=remedy)


def _check_zone(name: str, where: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        message = f"`{name}` is not a time zone"
        remedy = "Write an IANA name such as Asia/Shanghai"
        raise MappingError(message, where=f"{where}, key `time_zone`", remedy=remedy) from error

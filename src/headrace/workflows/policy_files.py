"""Decision tables from one notation to another: CSV, YAML, XLSX, DMN.

CSV and YAML hold one table a file; a workbook and a DMN model hold all tables of a policy, which
may cite each other.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import PurePosixPath

from headrace.decisions.dmn import read_definitions, write_definitions
from headrace.decisions.tables.grid import Row, read_grid, table_name
from headrace.decisions.tables.models import model_of, tables_of
from headrace.decisions.tables.sheet import read_csv, write_csv
from headrace.decisions.tables.table import Table
from headrace.decisions.tables.yaml_text import read_yaml, write_yaml
from headrace.errors import MappingError
from headrace.workflows.ports import PolicySheets

SUFFIXES = (".csv", ".yaml", ".yml", ".xlsx", ".dmn")
_SINGLE: Mapping[str, Callable[[Table, Collection[str]], bytes]] = {
    ".csv": write_csv,
    ".yaml": lambda table, names: write_yaml(table, names).encode(),
    ".yml": lambda table, names: write_yaml(table, names).encode(),
}


def convert(
    content: bytes,
    from_name: str,
    to_suffix: str,
    sheets: PolicySheets,
    names: Collection[str] = (),
) -> Mapping[str, bytes]:
    """The tables of a file in another notation: the content of each file, by its name.

    Args:
        content: Of the file.
        from_name: Its name, whose suffix says its notation.
        to_suffix: One of `SUFFIXES`.
        sheets: Reads and writes workbooks.
        names: What cells may refer to, beside their table's inputs and the file's other tables; of
            a mapping to FEEL types, the inputs of a DMN model take theirs.

    Raises:
        MappingError: Naming the place in the file and what was expected.
    """
    tables = read_tables(content, from_name, sheets, names)
    return write_tables(tables, PurePosixPath(from_name).stem, to_suffix, sheets, names)


def read_tables(
    content: bytes, file: str, sheets: PolicySheets, names: Collection[str] = ()
) -> tuple[Table, ...]:
    """The tables that a file holds, at least one.

    Args:
        content: Of the file.
        file: Its name, whose suffix says its notation.
        sheets: Reads workbooks.
        names: What cells may refer to, beside their table's inputs and the file's other tables.

    Raises:
        MappingError: Naming the place in the file and what was expected.
    """
    match _known(PurePosixPath(file).suffix, file):
        case ".csv":
            return (read_csv(content, file, names),)
        case ".xlsx":
            return _of_workbook(sheets.read(content, file), file, names)
        case ".dmn":
            return tables_of(read_definitions(content, file), names)
        case _:
            return (read_yaml(_text(content, file), file, names),)


def write_tables(
    tables: Sequence[Table],
    stem: str,
    suffix: str,
    sheets: PolicySheets,
    names: Collection[str] = (),
) -> Mapping[str, bytes]:
    """The files that hold some tables: one for each, or one for all where the notation can.

    Args:
        tables: Of names of their own.
        stem: The name of a file that holds all of them, without its suffix.
        suffix: One of `SUFFIXES`.
        sheets: Writes workbooks.
        names: What cells refer to, beside their table's inputs and the other tables; of a mapping
            to FEEL types, the inputs of a DMN model take theirs.

    Raises:
        MappingError: Two tables have one name, or one cannot be said in that notation.
    """
    suffix = _known(suffix, stem)
    cited = {table.name: {*names, *_others(table, tables)} for table in tables}
    if len(cited) < len(tables):
        raise MappingError("Two tables have one name", where=stem, remedy="Give each its own")
    if suffix == ".dmn":
        types = names if isinstance(names, Mapping) else None
        return {f"{stem}.dmn": write_definitions(model_of(tables, stem, types))}
    if suffix == ".xlsx":
        every = {*names, *cited}
        return {f"{stem}.xlsx": sheets.write({table.name: table for table in tables}, every)}
    stems = {_file_stem(table.name).lower() for table in tables}
    if len(stems) < len(tables):
        remedy = "Give the tables names that differ in letters or digits"
        raise MappingError("Two tables would have one file", where=stem, remedy=remedy)
    return {
        f"{_file_stem(table.name)}{suffix}": _SINGLE[suffix](table, cited[table.name])
        for table in tables
    }


def _of_workbook(
    sheets: Mapping[str, Sequence[Row]], file: str, names: Collection[str]
) -> tuple[Table, ...]:
    if not sheets:
        raise MappingError("The workbook is empty", where=file, remedy="Write a table into a sheet")
    named = {sheet: table_name(rows) for sheet, rows in sheets.items()}
    every = {*names, *filter(None, named.values())}
    return tuple(
        read_grid(rows, f"{file}, sheet {sheet}", every - {named[sheet]} | set(names))
        for sheet, rows in sheets.items()
    )


def _others(table: Table, tables: Sequence[Table]) -> set[str]:
    return {other.name for other in tables} - {table.name}


def _known(suffix: str, where: str) -> str:
    if suffix.lower() not in SUFFIXES:
        remedy = f"Expected one of {', '.join(SUFFIXES)}"
        raise MappingError(f"'{suffix}' is no notation of tables", where=where, remedy=remedy)
    return suffix.lower()


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        where = f"{file}, line {line}"
        raise MappingError("The file is not UTF-8", where=where, remedy="Save it so") from error


def _file_stem(name: str) -> str:
    """A table's name as that of a file: no way out of the folder."""
    return "".join(c if c.isalnum() or c in " _-." else "_" for c in name).strip(". ") or "table"

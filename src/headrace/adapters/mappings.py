"""Finds the mapping that fits a data folder, or drafts one."""

from collections.abc import Sequence
from pathlib import Path

from headrace.adapters.sources import READERS, listing, read_source
from headrace.errors import InputError, MappingError
from headrace.facts.drafting import FoundTable, draft, probe
from headrace.facts.mapping import SourceMapping, parse_mapping
from headrace.pack import Pack

MAPPING_FILE = "mapping.toml"


def load_mapping(path: Path) -> SourceMapping:
    """The mapping in a file.

    Raises:
        MappingError: If it cannot be read, or says something that cannot be.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = "the mapping is not UTF-8"
        raise MappingError(message, where=str(path), remedy="Save it as UTF-8") from error
    except OSError as error:
        message = f"the mapping cannot be read: {error.strerror}"
        raise MappingError(message, where=str(path), remedy="Check its name") from error
    return parse_mapping(text, str(path))


def find_mapping(folder: Path, shipped: Sequence[SourceMapping]) -> SourceMapping:
    """The folder's own mapping.toml; or else the shipped mapping whose files are all there.

    Raises:
        MappingError: If the folder's own mapping says something that cannot be.
        InputError: If there is no mapping: tells what the folder holds, what each shipped mapping
            expects, and the command that writes a draft.
    """
    own = folder / MAPPING_FILE
    if own.exists():
        return load_mapping(own)
    if not folder.is_dir():
        message = "there is no such data folder"
        raise InputError(message, where=str(folder), remedy="Name the folder that holds the files")
    fitting = [mapping for mapping in shipped if not _missing(folder, mapping)]
    if fitting:
        return max(fitting, key=lambda mapping: len(mapping.tables))
    expected = "; ".join(
        f"`{mapping.name}` also needs {', '.join(_missing(folder, mapping))}" for mapping in shipped
    )
    message = f"no mapping says what these files mean: {listing(folder)}"
    remedy = (
        f"{expected + '. ' if expected else ''}Write {MAPPING_FILE} beside the files; "
        f"a draft is made by: headrace mapping draft {folder}"
    )
    raise InputError(message, where=str(folder), remedy=remedy)


def mapping_for(folder: Path, pack: Pack) -> SourceMapping:
    """The folder's own mapping, or the one of a pack that fits it; raises as `find_mapping`."""
    return find_mapping(folder, [parse_mapping(text, name) for name, text in pack.mappings.items()])


def draft_mapping(folder: Path) -> str:
    """A mapping.toml proposed from the headers and values of the files in a folder.

    Raises:
        InputError: If the folder holds no file that can be read.
    """
    if not folder.is_dir():
        message = "there is no such data folder"
        raise InputError(message, where=str(folder), remedy="Name the folder that holds the files")
    tables: list[FoundTable] = []
    unread: list[str] = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in READERS:
            continue
        try:
            tables.append(FoundTable(path.name, read_source(folder, probe(path.name), {}).columns))
        except InputError as error:
            unread.append(str(error))
    if not tables:
        message = f"no table can be read here{': ' + '; '.join(unread) if unread else ''}"
        remedy = f"Put exports here, as one of {', '.join(READERS)}"
        raise InputError(message, where=str(folder), remedy=remedy)
    return draft(tables, unread)


def _missing(folder: Path, mapping: SourceMapping) -> list[str]:
    """Files that the mapping needs and the folder lacks, each once."""
    missing: dict[str, None] = {}
    for table in mapping.tables:
        if table.file and not table.optional and not _is_there(folder, table.file):
            missing[table.file] = None
    return list(missing)


def _is_there(folder: Path, file: str) -> bool:
    return any((folder / f"{file}{ending}").exists() for ending in ("", *READERS))

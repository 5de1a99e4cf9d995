"""Small files that a user names: read in any usual encoding, written without losing others."""

import codecs
import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headrace.errors import InputError, MappingError

TABLES = (".csv", ".yaml", ".xlsx", ".dmn", ".json")
"""Suffixes of files that a policy may have of any name: tables, and models."""

TOML_REMEDY = 'texts stand in "…", Chinese keys in quotes, days as 2024-03-01'
_BINARY = (".xlsx", ".dmn")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """A text: UTF-8 with or without mark, UTF-16 with one, else GB18030 as Chinese Excel saves it.

    Raises:
        InputError: If the file cannot be read or is not text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"it cannot be read: {error.strerror}", where=str(path), remedy="check its name"
        ) from error
    encodings = ("utf-16",) if data.startswith(_UTF_16) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError("it is not text", where=str(path), remedy="save it as UTF-8 text")


def read_toml(path: Path, remedy: str = TOML_REMEDY) -> dict[str, Any]:
    """A TOML file.

    Args:
        path: The file.
        remedy: What would be right, where it is none.

    Raises:
        MappingError: It is no TOML; the line is named.
        InputError: It cannot be read.
    """
    try:
        return tomllib.loads(read_text(path).replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MappingError(f"it is no TOML: {error}", where=str(path), remedy=remedy) from error


def write_file(path: Path, data: bytes) -> None:
    """Create or replace a file that the user named as a result.

    Raises:
        InputError: If it cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(
            f"it cannot be written: {error.strerror}",
            where=str(path),
            remedy="name a file in a folder that exists and can be written to",
        ) from error


def read_policy(folder: Path, known: Mapping[str, str]) -> dict[str, bytes]:
    """The user's own versions of a pack's policy files, by name; texts in UTF-8.

    Args:
        folder: Where they are; it need not hold all of them. Hidden files and the lock files of
            office programs (`~$…`) are passed over.
        known: The pack's files, by name; tables and models may have other names.

    Raises:
        InputError: If there is no such folder, it holds none of them, or it holds a file that would
            have no effect: a misspelt name must not pass silently.
    """
    if not folder.is_dir():
        raise InputError(
            "there is no such folder",
            where=f"--policy {folder}",
            remedy="`headrace policy export FOLDER` writes one to start from",
        )
    present = sorted(path.name for path in folder.iterdir() if path.name[0] not in ".~")
    strange = [name for name in present if name not in known and not name.endswith(TABLES)]
    if strange or not present:
        near = difflib.get_close_matches(strange[0], known, n=1) if strange else []
        hint = f"is {near[0]} meant? " if near else ""
        raise InputError(
            f"{strange[0]} is no policy file" if strange else "the folder holds no policy file",
            where=f"--policy {folder}",
            remedy=f"{hint}policy files are {', '.join(known)}, and tables as {', '.join(TABLES)}; "
            "`headrace policy export FOLDER` writes them",
        )
    return {name: _content(folder / name) for name in present}


def _content(path: Path) -> bytes:
    if not path.name.endswith(_BINARY):
        return read_text(path).encode()
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"it cannot be read: {error.strerror}", where=str(path), remedy="check its name"
        ) from error


def write_policy(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write a pack's files to be edited; the paths, in order.

    Raises:
        InputError: If a file of that name is there and says something else, or the folder cannot
            be written to. Then nothing was written.
    """
    edited = [name for name in files if (folder / name).exists()]
    edited = [name for name in edited if read_text(folder / name) != files[name]]
    if edited:
        raise InputError(
            f"{edited[0]} is there already and is not as the pack ships it",
            where=str(folder),
            remedy="name another folder, or move the file away",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the folder cannot be made: {error.strerror}",
            where=str(folder),
            remedy="name another",
        ) from error
    for name, text in files.items():
        # Excel needs the byte order mark to read Chinese; our readers do not mind it.
        encoding = "utf-8-sig" if name.endswith(".csv") else "utf-8"
        write_file(folder / name, text.encode(encoding))
    return [folder / name for name in files]

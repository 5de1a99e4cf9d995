"""The files of a policy as a person keeps them: a folder with `policy.yaml`, tables and models."""

from collections.abc import Mapping
from pathlib import Path

from headrace.errors import InputError
from headrace.workflows.policies import POLICY

SUFFIXES = (".yaml", ".csv", ".xlsx", ".dmn", ".json", ".toml")
BYTES_MAX = 64 * 2**20


def is_policy(path: Path) -> bool:
    """Whether a path is a folder with a `policy.yaml`, or that file itself."""
    return (path / POLICY).is_file() or (path.name == POLICY and path.is_file())


def read_files(path: Path) -> dict[str, bytes]:
    """The files of a policy, by name, sorted.

    Args:
        path: The folder, or its `policy.yaml`. Hidden files, lock files of office programs and
            files of other kinds are passed over.

    Raises:
        InputError: There is no such folder, it holds more than a policy needs, or a file cannot be
            read.
    """
    folder = path.parent if path.is_file() and path.name == POLICY else path
    if not folder.is_dir():
        remedy = f"Name a folder with a {POLICY}"
        raise InputError("There is no such folder", where=str(path), remedy=remedy)
    named = sorted(each for each in folder.iterdir() if each.name[0] not in ".~")
    found = [each for each in named if each.suffix in SUFFIXES and each.is_file()]
    if sum(each.stat().st_size for each in found) > BYTES_MAX:
        problem = f"The files have more than {BYTES_MAX:,} bytes"
        raise InputError(problem, where=str(folder), remedy="Keep data elsewhere")
    return {each.name: read_bytes(each) for each in found}


def read_bytes(path: Path) -> bytes:
    """The content of one file.

    Raises:
        InputError: It cannot be read, or has more than a policy needs.
    """
    try:
        if path.stat().st_size > BYTES_MAX:
            raise InputError(f"The file has more than {BYTES_MAX:,} bytes", where=str(path))
        return path.read_bytes()
    except OSError as error:
        problem = f"It cannot be read: {error.strerror}"
        raise InputError(problem, where=str(path), remedy="Check its name") from error


def write_files(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Write files that are not there yet; the paths, in order.

    Raises:
        InputError: One is there already with another content, or cannot be written. In the first
            case nothing was written.
    """
    for name, content in files.items():
        path = folder / name
        if path.exists() and (not path.is_file() or read_bytes(path) != content):
            remedy = "Name another folder, or move it away"
            raise InputError(f"{name} is there already", where=str(folder), remedy=remedy)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        problem = f"It cannot be written: {error.strerror}"
        raise InputError(problem, where=str(folder), remedy="Name another folder") from error
    return [folder / name for name in files]

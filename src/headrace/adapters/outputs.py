"""The folders commands write to: emptied of what an earlier command wrote, and of nothing else."""

import ctypes
import os
import re
from pathlib import Path
from shutil import rmtree

from headrace.adapters.folder import DiskFolder
from headrace.errors import InputError
from headrace.facts.kinds import KINDS

WRITTEN = frozenset(
    {
        *(f"facts/{kind}.parquet" for kind in (*KINDS, "duplicates")),
        "quarantine.csv",
        *(
            f"graph/{name}.parquet"
            for name in ("trades", "same_papers", "hidden", "identities", "two_way", "rings")
        ),
        "features.parquet",
        "scorecard.json",
        "scores.parquet",
        "decisions.parquet",
        "decisions.csv",
        "decisions.xlsx",
        "contracts.parquet",
        "contracts.csv",
        "contracts.xlsx",
        "cash_flow.csv",
        "contract_findings.csv",
        "records/contracts.jsonl",
        "frontier.csv",
        "stress.csv",
        "records/decisions.jsonl",
        "report.html",
        "summary.json",
        "run.json",
        "graph.json",
        "evidence/log.jsonl",
        "evidence/checkpoint",
        "evidence/key.pub",
        "evidence/salts.jsonl",
    }
)
SIMULATED = "SIMULATED.txt"
# What `DiskFolder.write` leaves where the power is cut or the process is killed.
_UNFINISHED = re.compile(r"(.*/)?\.[0-9a-f]{16}\.unfinished")
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2(2)


def cleared(path: Path, data: Path) -> Path:
    """Make the folder of a run's results, or take away what an earlier run left in it.

    Args:
        path: The folder to write to.
        data: The folder the run reads, which must lie apart.

    Raises:
        InputError: If it is a file, holds or is in the data, holds something that no run wrote, or
            cannot be made or emptied. Then nothing was taken away.
    """
    _apart(path, data)
    _made(path)
    _refuse_foreign(path)
    try:
        for name in DiskFolder(path).names():
            (path / name).unlink()
    except OSError as error:
        raise InputError(
            f"the earlier results cannot be taken away: {error.strerror}",
            where=str(path),
            remedy="close the programs that have them open, or name another folder",
        ) from error
    return path


def swap_in(made: Path, path: Path, data: Path) -> None:
    """Put a folder of results in another's place, at once where the system can.

    Args:
        made: The folder that was written; afterwards it is gone.
        path: Where it is to be; what an earlier run left there is taken away.
        data: The folder the run read, which must lie apart.

    Raises:
        InputError: What is there holds something that no run wrote. Then nothing was changed.
    """
    _refuse_foreign(path)
    if not path.exists():
        made.rename(path)
        return
    if not _exchanged(made, path):
        old = made.with_name(f"{made.name}.old")
        path.rename(old)
        made.rename(path)
        old.rename(made)
    cleared(made, data)
    rmtree(made)


def _exchanged(first: Path, second: Path) -> bool:
    """Whether two folders changed places in one step: Linux can, where the file system does."""
    swap = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    if swap is None:
        return False
    return bool(swap(_HERE, os.fsencode(first), _HERE, os.fsencode(second), _EXCHANGE) == 0)


def _refuse_foreign(path: Path) -> None:
    present = DiskFolder(path).names() if path.exists() else []
    foreign = [name for name in present if name not in WRITTEN and not _UNFINISHED.fullmatch(name)]
    if foreign:
        raise InputError(
            f"the output folder holds files that no run wrote: {', '.join(foreign[:5])}",
            where=str(path),
            remedy="name an empty folder, or move them away",
        )


def for_simulation(path: Path) -> Path:
    """Make a folder for a simulated economy, or take one that holds such an economy.

    Raises:
        InputError: If it is a file, cannot be made, or holds data that no simulator wrote and that
            would be overwritten.
    """
    _made(path)
    present = sorted(entry.name for entry in path.iterdir())
    if present and SIMULATED not in present:
        raise InputError(
            f"the folder holds files that no simulator wrote: {', '.join(present[:5])}",
            where=str(path),
            remedy="name an empty folder, or move them away",
        )
    return path


def _apart(path: Path, data: Path) -> None:
    """Results in the data would be read as data; data in the results would be taken away."""
    results, read = path.resolve(), data.resolve()
    if results.is_relative_to(read) or read.is_relative_to(results):
        raise InputError(
            "the output folder and the data folder lie in one another",
            where=f"--out {path}, --data {data}",
            remedy="name an output folder beside the data, not in or above them",
        )


def _made(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise InputError("the output must be a folder", where=str(path), remedy="name another")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"the output folder cannot be made: {error.strerror}",
            where=str(path),
            remedy="name a folder in a place that can be written to",
        ) from error

"""The folder a run writes to: emptied of an earlier run, and of nothing else."""

import shutil
from pathlib import Path

from headrace.errors import InputError

WRITTEN = (
    "facts", "graph", "records", "evidence", "quarantine.csv", "features.parquet", "scores.parquet",
    "scorecard.json", "frontier.csv", "stress.csv", "decisions.parquet", "decisions.csv",
    "decisions.xlsx", "summary.json", "run.json", "report.html",
)  # fmt: skip


def cleared(path: Path) -> Path:
    """Make the folder, or take away what an earlier run left in it.

    Raises:
        InputError: If it is a file, or holds something that no run wrote.
    """
    if path.exists() and not path.is_dir():
        raise InputError("the output must be a folder", where=str(path), remedy="name another")
    path.mkdir(parents=True, exist_ok=True)
    foreign = sorted(entry.name for entry in path.iterdir() if entry.name not in WRITTEN)
    if foreign:
        raise InputError(
            f"the output folder holds files that no run wrote: {', '.join(foreign[:5])}",
            where=str(path),
            remedy="name an empty folder, or move them away",
        )
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    return path

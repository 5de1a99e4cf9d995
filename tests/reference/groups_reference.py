"""The slow twin of `headrace.features.groups`: one event, one membership at a time.

Rows are plain dicts, times whole numbers; what is missing is None or not there.
"""

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def usable(row: Row) -> bool:
    """Whether a membership says who belongs where since when, and ends no sooner than it begins."""
    if any(row.get(name) is None for name in ("member", "group", "from")):
        return False
    return row.get("until") is None or row["until"] >= row["from"]


def known_at(row: Row) -> int:
    """When a membership became known."""
    return row["from"] if row.get("known") is None else row["known"]


def groups_of(memberships: Sequence[Row], member: Any, time: int, known: int) -> set[Any]:
    """Every group in which a member was at a time, by what was known."""
    versions: dict[tuple[Any, ...], Row] = {}
    for row in sorted(filter(usable, memberships), key=known_at):  # stable: a later row counts
        if known_at(row) <= known:
            versions[row["member"], row["group"], row["from"]] = row
    return {
        row["group"]
        for row in versions.values()
        if row["member"] == member
        and row["from"] <= time
        and (row.get("until") is None or time < row["until"])
    }

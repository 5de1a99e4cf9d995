"""How often the rules of each table spoke, from the log of live decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from headrace.adapters.live.decision_log import kept_versions, opened_log
from headrace.adapters.live.decisions import decisions_in
from headrace.adapters.live.records import read_record
from headrace.decisions.flow.monitoring import Hits, count_hits
from headrace.decisions.flow.spreading import NOT_ASKED
from headrace.decisions.tables.table import Table
from headrace.workflows.policies import Sheets

DAY_US = 86_400_000_000


@dataclass
class _Counted:
    """One version of a table, and what its rules said."""

    table: Table
    fired: list[tuple[int, ...] | None] = field(default_factory=list)
    moments: list[int] = field(default_factory=list)

    def history(self, days: int) -> tuple[Hits, ...]:
        """Counts by periods of so many days, from the first decision on."""
        moments = np.array(self.moments, np.int64)
        start, last = int(moments.min()), int(moments.max())
        edges = range(start, last + days * DAY_US + 1, days * DAY_US)
        asked = [each is not None for each in self.fired]
        rules: list[tuple[int, ...]] = [each or () for each in self.fired]
        first = np.array([each[0] if each else 0 for each in rules], np.int32)
        first[~np.array(asked)] = NOT_ASKED
        at = np.cumsum([0, *map(len, rules)])
        flat = np.array([rule for each in rules for rule in each], np.int32)
        return count_hits(self.table, first, moments, edges, (flat, at))


def hits_in(folder: Path, sheets: Sheets, days: int) -> list[tuple[Table, tuple[Hits, ...]]]:
    """What the rules of every table said, each version of a table apart.

    Args:
        folder: That of live decisions; nobody else may have it open.
        sheets: Reads workbooks among the files of versions.
        days: Of a period.

    Raises:
        InputError: Nothing was decided in it.
        StorageError: The folder is in use or damaged.
    """
    counted: dict[str, _Counted] = {}
    with opened_log(folder) as log:
        by_version = {
            digest: {
                name: counted.setdefault(f"{name} {table.digest()}", _Counted(table))
                for name, table in version.program.policy.tables.items()
            }
            for digest, version in kept_versions(folder, sheets).items()
        }
        read = ((number, read_record(payload)) for number, payload in log.read(0))
        for _, records in decisions_in(read):
            _count(records, by_version)
    return [(each.table, each.history(days)) for each in counted.values() if each.moments]


def _count(
    records: Iterable[Mapping[str, Any]], by_version: Mapping[str, Mapping[str, _Counted]]
) -> None:
    for record in records:
        if not record["effective"]:
            continue
        for name, each in by_version[record["in_force"]].items():
            told: Sequence[int] | None = record["fired"].get(name)
            each.fired.append(None if told is None else tuple(told))
            each.moments.append(record["moment"])

"""Decides made-up events in a folder of its own, before the first real one comes.

What compiled code and models need to be loaded is loaded then: whoever asks first would wait for
it, and everybody behind them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from headrace.adapters.live.batch import ALONE_MAX, LiveBatch
from headrace.adapters.live.desk import ModelsInPlace
from headrace.adapters.live.events import EventReader, Row, readers_of
from headrace.adapters.live.policy import decided_tables, open_live
from headrace.decisions.flow.in_force import InForce
from headrace.decisions.flow.rollout import Deployment
from headrace.features.definition import ColumnType
from headrace.features.plan import make_plan

MANY = 2 * ALONE_MAX
MADE_UP: Mapping[ColumnType, Any] = {
    ColumnType.NUMBER: 1,
    ColumnType.CATEGORY: "made up",
    ColumnType.FLAG: True,
}


def warm(version: InForce, now: int) -> None:
    """Decide a few events alone, and as many together as are decided so; or nothing, if it fails.

    Args:
        version: Decides.
        now: Microseconds since 1970.
    """
    plan = make_plan(decided_tables(version))
    table, readers = plan.feature_set.tables[0].name, readers_of(plan)
    with (
        suppress(Exception),  # no room for temporary files, say: the first event then takes longer
        TemporaryDirectory(ignore_cleanup_errors=True) as folder,  # who stops does not wait for it
        ModelsInPlace() as ask,
        open_live(Path(folder), Deployment(version), ask) as decisions,
    ):
        for size in (1, 1, MANY, MANY):
            batch = LiveBatch(decisions, readers, {}, lambda _: None)
            first = 1_000 * decisions.live.records
            names = range(first, first + size)
            batch.take_rows(table, [_event(readers[table], each, now) for each in names])


def _event(reader: EventReader, number: int, now: int) -> Row:
    """One that nobody sent."""
    event = {each.name: MADE_UP.get(each.type, now) for each in reader.columns}
    event |= dict.fromkeys(reader.whole & event.keys(), 1)
    name = reader.table.id
    if name is not None:
        event[name] = number if name in reader.whole else str(number)
    return event

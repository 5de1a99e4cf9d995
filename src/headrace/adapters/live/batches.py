"""Tables of events decided in order of arrival: what is known before a batch is taken in first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.live.decisions import LiveDecisions
from headrace.adapters.live.policy import policies_by_digest
from headrace.adapters.stores.case import CaseStore
from headrace.decisions.flow.policy import Action
from headrace.features.definition import FeatureSet, Table
from headrace.monitor.case_alerts import alert_of


def decide_tables(
    decisions: LiveDecisions, tables: Mapping[str, pa.Table], features: FeatureSet, batch: int
) -> pa.Table:
    """Decide everything; durable.

    Args:
        decisions: Where.
        tables: Events by table.
        features: Whose first table is decided.
        batch: Events decided together.

    Returns:
        What is followed, see `headrace.adapters.live.decisions.Decisions.table`.
    """
    told = []
    for name, part in _arrivals(tables, features, batch):
        if decisions.decides(name):
            told.append(decisions.submit(part).table)
        else:
            decisions.live.submit(part, name)
    decisions.commit()
    return pa.concat_tables(told)


def alerted(decisions: LiveDecisions, found: pa.Table, cases: CaseStore, at: int) -> int:
    """Put alerts into cases.

    Args:
        decisions: Where they were made, under what is in force.
        found: As `decide_tables` gives it.
        cases: Those that came before open none again.
        at: Now, microseconds since 1970, UTC.

    Returns:
        How many cases were opened.
    """
    severe = found.filter(pc.not_equal(found["action"], Action.APPROVE.word))
    records = decisions.find_all(severe["decision"].to_pylist())
    champion = decisions.deployment.champion.program.policy
    versions = policies_by_digest(decisions)
    alerts = []
    for record in records.values():
        version = versions.get(record["in_force"])
        alerts.append(alert_of(record, champion if version is None else version.program.policy))
    taken = cases.take([each for each in alerts if each is not None], at)
    return len(taken.opened)


def _arrivals(
    tables: Mapping[str, pa.Table], features: FeatureSet, batch: int
) -> Iterator[tuple[str, pa.Table]]:
    deciding = features.tables[0]
    own = _in_order(tables[deciding.name], deciding)
    others = {
        table.name: _in_order(tables[table.name], table)
        for table in features.tables
        if table.name != deciding.name and table.name in tables
    }
    times = {name: _known(each, features.table_named(name)) for name, each in others.items()}
    done = dict.fromkeys(others, 0)
    known = _known(own, deciding)
    for start in range(0, own.num_rows, batch):
        part = own.slice(start, batch)
        for name, each in others.items():
            upto = int(np.searchsorted(times[name], known[start], side="right"))
            if upto > done[name]:
                yield name, each.slice(done[name], upto - done[name])
                done[name] = upto
        yield deciding.name, part
    for name, each in others.items():
        if done[name] < each.num_rows:
            yield name, each.slice(done[name])


def _known(events: pa.Table, table: Table) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(events[table.known or table.time].cast(pa.int64()))


def _in_order(events: pa.Table, table: Table) -> pa.Table:
    order = np.argsort(_known(events, table), kind="stable")
    return events.take(pa.array(order))

"""Features that read the future: computed once on all facts and once on those known by then."""

from collections.abc import Callable, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import InputError
from headrace.scores.leakage.findings import Leak
from headrace.scores.leakage.sample import codes, is_text, missing, numbers

Compute = Callable[[pa.Table, datetime], pa.Table]
"""Facts and a moment to features as of it: the first column is the key, the rest values."""


def find_look_ahead(
    compute: Compute, facts: pa.Table, moments: Sequence[datetime], known_time: str
) -> tuple[Leak, ...]:
    """Features whose value as of a moment changes when what was not known by then is taken away.

    A feature that keeps to its moment gives the same value, bit for bit, with and without the
    facts that came later. A row that only one of the two has counts as missing in the other. It
    shows a look ahead for these facts and moments; it cannot prove that there is none.

    Args:
        compute: The function under test.
        facts: Every fact there is.
        moments: To compute as of, one or more.
        known_time: Column of facts: when each became known. Facts without are never known.

    Raises:
        InputError: If there is no moment, no such column, or no fact after any of the moments.
    """
    if known_time not in facts.column_names:
        raise InputError(
            f"the facts have no column {known_time!r}", remedy=f"one of {facts.column_names}"
        )
    changed: dict[str, list[tuple[int, int, datetime]]] = {}
    later = 0
    for moment in moments:
        by_then = facts.filter(pc.less_equal(facts[known_time], pa.scalar(moment)))
        later += facts.num_rows - by_then.num_rows
        for name, differ, rows in _changes(compute(facts, moment), compute(by_then, moment)):
            changed.setdefault(name, []).append((differ, rows, moment))
    if not later:
        raise InputError(
            "every fact was known at every moment, so nothing can be seen",
            where="moments",
            remedy="a moment with facts that became known after it",
        )
    leaks = []
    for name, found in changed.items():
        differ, rows = sum(each[0] for each in found), sum(each[1] for each in found)
        if not differ:
            continue
        first = next(moment for count, _, moment in found if count)
        en = f"{name} changes in {differ} of {rows} rows when facts that were not yet known are "
        en += f"taken away, first as of {first:%Y-%m-%d}: it looks ahead"
        zh = f"去掉当时尚不可知的事实后，{name} 在 {rows} 行中有 {differ} 行改变"
        zh += f"（首见于 {first:%Y-%m-%d}）：它使用了未来信息"
        evidence = (("rows_changed", float(differ)), ("share_changed", differ / rows))
        leaks.append(Leak(name, "looks_ahead", en, zh, evidence))
    return tuple(leaks)


def _changes(whole: pa.Table, then: pa.Table) -> list[tuple[str, int, int]]:
    """Name of each feature, rows in which it differs, and rows."""
    if whole.column_names != then.column_names:
        raise InputError(
            "the columns computed depend on what is known later",
            where=f"{sorted(set(whole.column_names) ^ set(then.column_names))}",
            remedy="the same features whatever facts there are",
        )
    key = whole.column_names[0]
    keys = [[str(each) for each in table[key].to_pylist()] for table in (whole, then)]
    place = {each: row for row, each in enumerate(dict.fromkeys([*keys[0], *keys[1]]))}
    found = []
    for name in whole.column_names[1:]:
        parts = [_combined(table[name]) for table in (whole, then)]
        # Numbers of one list of values for both, so that texts and numbers are compared alike.
        both = pa.concat_arrays([_plain(part) for part in parts])
        code, gone = codes(both), missing(both)
        code = np.where(gone, -1, code)
        laid = []
        for start, own in ((0, keys[0]), (len(keys[0]), keys[1])):
            values = np.full(len(place), -1, np.int64)
            values[[place[each] for each in own]] = code[start : start + len(own)]
            laid.append(values)
        found.append((name, int((laid[0] != laid[1]).sum()), len(place)))
    return found


def _combined(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _plain(column: pa.Array) -> pa.Array:
    if is_text(column):
        return pc.cast(column, pa.string())
    return pa.array(numbers(column))

"""Corrections: later facts that take an invoice back, and the view of the books at any past time.

History is never rewritten. A voided invoice was valid when it was issued, so it stays a fact, and
the void is a second fact with its own time. A negative invoice (red letter) is a fact of its own
that stands beside the invoice it takes back.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.facts import rules
from headrace.facts.cells import numpy_mask
from headrace.facts.equal import codes, first_equal, group_ids
from headrace.facts.kinds import CORRECTION
from headrace.facts.localtime import end_of_local_day, end_of_local_month, local_day
from headrace.facts.rules import Rule

Int64 = NDArray[np.int64]
Mask = NDArray[np.bool_]
_INSTANT = pa.timestamp("us", tz="UTC")
_SAME_DEAL = ("party", "direction", "counterparty")
_SAME_INVOICE = (*_SAME_DEAL, "number", "event_time", "amount_minor", "tax_minor", "total_minor")


@dataclass(frozen=True, slots=True)
class _Found:
    """Corrections by one rule: positions in the invoice table.

    Attributes:
        rule: How the original was found.
        source: The row that gives rise to the correction.
        original: The invoice taken back; -1: none was found.
    """

    rule: Rule
    source: Int64
    original: Int64


def find_corrections(invoices: pa.Table, zone: str) -> pa.Table:
    """All voids and red letters among invoices.

    A void becomes known at the end of the local day of its `voided_time`, or, if the source gives
    none, at the end of the local month of issue: Chinese paper VAT invoices may be voided in their
    month of issue only. That is an assumption, and a cautious one.

    Args:
        invoices: Stored invoices, sorted by (event_time, source, row).
        zone: IANA name; days and months are of this zone.

    Returns:
        A table of CORRECTION, voids first, then red letters; each in the order of invoices.
    """
    voided = _voided(invoices)
    twins = _valid_twins(invoices, voided)
    standing = ~voided
    standing[twins.original] = False
    letters = [_red_letters(invoices, found) for found in _originals(invoices, standing, zone)]
    voids = _all_voids(invoices, twins, zone)
    return pa.concat_tables([voids, _in_order(pa.concat_tables(letters))])


def find_voids(invoices: pa.Table, zone: str) -> pa.Table:
    """The voids of `find_corrections` without the red letters: all that takes an invoice away."""
    return _all_voids(invoices, _valid_twins(invoices, _voided(invoices)), zone)


def as_of(invoices: pa.Table, corrections: pa.Table, known_time: datetime) -> pa.Table:
    """The invoices that stood, as far as was known at a time.

    An invoice that is voided later stands, and is shown as valid, because that is what was known.
    Red letters stay, as negative rows.

    Args:
        invoices: Stored invoices.
        corrections: As found among them.
        known_time: An aware instant; facts known at exactly this time are included.

    Returns:
        A table of INVOICE: status "valid" and no voided_time in every row.

    Raises:
        ValueError: If `known_time` has no time zone.
    """
    if known_time.tzinfo is None:
        message = "known_time needs a time zone"
        raise ValueError(message)
    stands = pc.and_not(
        known_by(invoices, known_time), voided_by(invoices, corrections, known_time)
    )
    found = invoices.filter(stands)
    valid = pa.repeat(pa.scalar("valid"), found.num_rows).dictionary_encode()
    status = invoices.schema.get_field_index("status")
    found = found.set_column(status, "status", valid.cast(invoices.schema.field("status").type))
    place = invoices.schema.get_field_index("voided_time")
    return found.set_column(place, "voided_time", pa.nulls(found.num_rows, _INSTANT))


def known_by(facts: pa.Table, moment: datetime) -> pa.ChunkedArray:
    """Which facts were known at a time; a fact that does not say when is taken as known."""
    until = pa.scalar(moment, _INSTANT)
    return pc.fill_null(pc.less_equal(facts["known_time"], until), fill_value=True)


def voided_by(invoices: pa.Table, corrections: pa.Table, moment: datetime) -> pa.ChunkedArray:
    """Which invoices were known to be void at a time."""
    void = pc.and_(
        pc.equal(corrections["kind"].cast(pa.string()), "void"), known_by(corrections, moment)
    )
    gone = corrections.filter(void)["corrects"].combine_chunks()
    return pc.is_in(invoices["id"], value_set=gone)


def match_red_letters(group: Int64, day: Int64, red: Mask) -> Int64:
    """For each red letter, the latest invoice of its group, not later in days, not yet taken.

    Rows are taken in order of day, within a day originals first, then in order of position. Since
    each red letter takes the latest invoice that is left, invoices form a stack, and pairs are
    matching brackets: an opening one at depth d closes at the next closing one of depth d.

    Args:
        group: Equal for rows that may be paired, length n.
        day: Local day of each row, length n.
        red: True for red letters, length n.

    Returns:
        Length n: position of the original, or -1.
    """
    found = np.full(len(group), -1, dtype=np.int64)
    if not red.any():
        return found
    order = np.lexsort((np.arange(len(group)), red, day, group))
    grouped, closing = group[order], red[order]
    depth = np.cumsum(np.where(closing, -1, 1))
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
    ordinal = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(order)]))
    depth = depth - np.r_[0, depth][starts][ordinal]
    # A closing bracket on an empty stack opens nothing: the lowest depth so far is the new floor.
    # Each group is shifted far below the one before it, so that one running minimum serves all.
    shift = ordinal * (2 * len(order) + 2)
    lowest = np.minimum(np.minimum.accumulate(depth - shift) + shift, 0)
    before = np.where(np.r_[True, grouped[1:] != grouped[:-1]], 0, np.r_[0, lowest[:-1]])
    unmatched = closing & (depth < before)
    level = depth - lowest + closing
    kept = np.flatnonzero(~unmatched)
    paired = kept[np.lexsort((kept, level[kept], ordinal[kept]))]
    close = np.flatnonzero(closing[paired])
    found[order[paired[close]]] = order[paired[close - 1]]
    return found


def match_by_number(group: Int64, day: Int64, red: Mask) -> Int64:
    """For each red letter, the latest invoice of its group, not later in days; may be shared.

    Args and result as in `match_red_letters`.
    """
    found = np.full(len(group), -1, dtype=np.int64)
    order = np.lexsort((np.arange(len(group)), red, day, group))
    place = np.arange(len(order))
    last = np.maximum.accumulate(np.where(red[order], -1, place))
    near = np.maximum(last, 0)
    fits = red[order] & (last >= 0) & (group[order][near] == group[order])
    found[order[fits]] = order[near[fits]]
    return found


def _voided(invoices: pa.Table) -> Mask:
    return numpy_mask(pc.equal(invoices["status"].cast(pa.string()), "voided"))


def _all_voids(invoices: pa.Table, twins: _Found, zone: str) -> pa.Table:
    voided = _voided(invoices)
    timed = numpy_mask(pc.is_valid(invoices["voided_time"]))
    by_status = np.flatnonzero(voided & ~timed)
    at_time = np.flatnonzero(voided & timed)
    found = (
        _Found(rules.VOIDED_BY_STATUS, by_status, by_status),
        _Found(rules.VOIDED_AT_TIME, at_time, at_time),
        twins,
    )
    return _in_order(pa.concat_tables([_voids(invoices, each, zone) for each in found]))


def _valid_twins(invoices: pa.Table, voided: Mask) -> _Found:
    """Valid rows of which a voided row says the same, paired with that row."""
    nothing = np.zeros(0, dtype=np.int64)
    if not voided.any():
        return _Found(rules.STATUS_CONFLICT, nothing, nothing)
    # Few rows have day and amount of a voided one: only these are compared in full.
    days, sizes = codes(invoices["event_time"]), codes(invoices["amount_minor"])
    near = np.flatnonzero(np.isin(days, days[voided]) & np.isin(sizes, sizes[voided]))
    rows, voided = invoices.take(pa.array(near)), voided[near]
    first = first_equal([codes(rows[name]) for name in _SAME_INVOICE])
    void_of = np.full(len(first), -1, dtype=np.int64)
    void_of[first[voided]] = np.flatnonzero(voided)
    twins = np.flatnonzero(~voided & (void_of[first] >= 0))
    return _Found(rules.STATUS_CONFLICT, near[void_of[first[twins]]], near[twins])


def _originals(invoices: pa.Table, standing: Mask, zone: str) -> list[_Found]:
    """The original of each standing red letter, by number where given, else by amount."""
    amount = invoices["amount_minor"].to_numpy()
    day = local_day(codes(invoices["event_time"]), zone)
    named = numpy_mask(pc.is_valid(invoices["corrects_number"]))
    red = standing & (amount < 0)
    pairs = [
        (rules.ORIGINAL_BY_NUMBER, _by_number(invoices, red & named, amount > 0, day)),
        (
            rules.ORIGINAL_BY_AMOUNT,
            _by_amount(invoices, red & ~named, standing & (amount > 0), day),
        ),
    ]
    originals = np.full(len(amount), -1, dtype=np.int64)
    found = []
    for rule, matched in pairs:
        rows = np.flatnonzero(matched >= 0)
        originals[rows] = matched[rows]
        found.append(_Found(rule, rows, matched[rows]))
    lost = np.flatnonzero(red & (originals < 0))
    return [*found, _Found(rules.ORIGINAL_NOT_FOUND, lost, originals[lost])]


def _by_amount(invoices: pa.Table, red: Mask, candidate: Mask, day: Int64) -> Int64:
    deal = [codes(invoices[name]) for name in _SAME_DEAL]
    size = [np.abs(invoices[name].to_numpy()) for name in ("amount_minor", "tax_minor")]
    chosen = np.flatnonzero(red | candidate)
    group = group_ids([column[chosen] for column in (*size, *deal)])
    matched = match_red_letters(group, day[chosen], red[chosen])
    return _back(chosen, matched, len(red))


def _by_number(invoices: pa.Table, red: Mask, candidate: Mask, day: Int64) -> Int64:
    """A source that names a number is believed even where the named invoice is voided."""
    chosen = np.flatnonzero(red | candidate)
    if not red.any():
        return np.full(len(red), -1, dtype=np.int64)
    named = pc.if_else(
        pa.array(red), invoices["corrects_number"], invoices["number"]
    ).combine_chunks()
    deal = [codes(invoices[name]) for name in _SAME_DEAL]
    group = group_ids([column[chosen] for column in (codes(named), *deal)])
    matched = match_by_number(group, day[chosen], red[chosen])
    return _back(chosen, matched, len(red))


def _back(chosen: Int64, matched: Int64, rows: int) -> Int64:
    """Positions among the chosen rows as positions in the table."""
    found = np.full(rows, -1, dtype=np.int64)
    found[chosen] = np.where(matched >= 0, chosen[np.maximum(matched, 0)], -1)
    return found


def _voids(invoices: pa.Table, found: _Found, zone: str) -> pa.Table:
    rows = invoices.take(found.source)
    issued = codes(rows["event_time"])
    stated = numpy_mask(pc.is_valid(rows["voided_time"]))
    voided = np.where(stated, codes(rows["voided_time"]), issued)
    event = np.where(stated, voided, end_of_local_month(issued, zone))
    known = np.where(stated, end_of_local_day(voided, zone), end_of_local_month(issued, zone))
    known = np.maximum(known, codes(rows["known_time"]))
    corrects = invoices["id"].take(pa.array(found.original))
    twins = found.rule is rules.STATUS_CONFLICT
    # One void may take back several equal rows, each by a correction of its own.
    ids = pc.binary_join_element_wise(
        corrects if twins else rows["id"], "void_twin" if twins else "void", "/"
    )
    times = (pa.array(event).cast(_INSTANT), pa.array(known).cast(_INSTANT))
    nobody = pa.nulls(len(found.source), pa.string())
    return _corrections(rows, (ids, corrects, nobody), times, ("void", found.rule))


def _red_letters(invoices: pa.Table, found: _Found) -> pa.Table:
    rows = invoices.take(found.source)
    ids = pc.binary_join_element_wise(rows["id"], "red_letter", "/")
    corrects = invoices["id"].take(pa.array(found.original, mask=found.original < 0))
    times = (rows["event_time"], rows["known_time"])
    return _corrections(rows, (ids, corrects, rows["id"]), times, ("red_letter", found.rule))


def _corrections(
    rows: pa.Table,
    names: tuple[pa.Array, pa.Array, pa.Array],
    times: tuple[pa.Array, pa.Array],
    kind: tuple[str, Rule],
) -> pa.Table:
    count = rows.num_rows
    columns = {
        "id": names[0],
        "corrects": names[1],
        "corrected_by": names[2],
        "event_time": times[0],
        "known_time": times[1],
        "kind": pa.repeat(pa.scalar(kind[0]), count),
        "rule": pa.repeat(pa.scalar(kind[1].name), count),
        **{name: rows[name] for name in ("source", "row", "purpose", "consent")},
    }
    return pa.table(
        [columns[field.name].cast(field.type) for field in CORRECTION.arrow],
        schema=CORRECTION.arrow,
    )


def _in_order(corrections: pa.Table) -> pa.Table:
    corrections = corrections.unify_dictionaries().combine_chunks()
    source = corrections["source"].cast(pa.string()).combine_chunks()
    ranks = pc.rank(source, tiebreaker="dense") if len(source) else pa.array([], pa.int64())
    known = (corrections["row"].to_numpy(), ranks.to_numpy(), codes(corrections["event_time"]))
    return corrections.take(np.lexsort(known))

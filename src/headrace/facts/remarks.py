"""What is odd among accepted facts: nothing is changed, but it is said, with a count and a case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts import rules
from headrace.facts.cells import Mask, is_in, numpy_mask
from headrace.facts.equal import codes, first_equal, in_groups
from headrace.facts.kinds import INVOICE, PARTY
from headrace.facts.parties import is_firm
from headrace.facts.rules import Rule


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was done to rows, or is odd about them.

    Attributes:
        rule: Which.
        table: The mapping's table.
        rows: How many rows; 0 for a remark on a whole table.
        example: One case.
        column: The source's header, where the note is of one column; empty elsewhere.
    """

    rule: Rule
    table: str
    rows: int
    example: str
    column: str = ""


def remark(facts: Mapping[str, pa.Table]) -> tuple[Note, ...]:
    """Notes on names, numbers, and parties that invoices and party tables do not share."""
    parties, invoices = facts[PARTY.kind], facts[INVOICE.kind]
    notes: list[Note] = []
    if len(parties):
        masked = numpy_mask(pc.match_substring(parties["name"], pattern="***"))
        notes += _by_table(rules.MASKED_NAME, parties, masked, "name")
        named = numpy_mask(pc.is_valid(parties["name"]))
        shared = in_groups(first_equal([codes(parties["name"])])) & named
        notes += _by_table(rules.REPEATED_NAME, parties, shared, "name")
        twice = in_groups(first_equal([codes(parties["party"])]))
        notes += _by_table(rules.PARTY_DESCRIBED_TWICE, parties, twice, "party")
        idle = ~_party_in(parties, invoices) & numpy_mask(is_firm(parties))
        notes += _by_table(rules.PARTY_WITHOUT_INVOICES, parties, idle, "party")
    if len(invoices):
        same = [codes(invoices[name]) for name in ("party", "direction", "number")]
        repeated = in_groups(first_equal(same))
        notes += _by_table(rules.NUMBER_NOT_UNIQUE, invoices, repeated, "number")
        unknown = ~_party_in(invoices, parties) if len(parties) else np.zeros(0, dtype=np.bool_)
        notes += _by_table(rules.INVOICE_OF_UNKNOWN_PARTY, invoices, unknown, "party")
    return tuple(notes)


def _party_in(table: pa.Table, other: pa.Table) -> Mask:
    known = pc.unique(other["party"].cast(pa.string()))
    if isinstance(known, pa.ChunkedArray):
        known = known.combine_chunks()
    return is_in(table["party"], known)


def _by_table(rule: Rule, facts: pa.Table, chosen: Mask, shown: str) -> Iterable[Note]:
    if not chosen.any():
        return
    rows = facts.filter(pa.array(chosen))
    sources = rows["source"].cast(pa.string())
    for table in sorted(pc.unique(sources).to_pylist()):
        mine = rows.filter(pc.equal(sources, table))
        yield Note(rule, table, mine.num_rows, str(mine[shown][0].as_py()))

"""Relation facts written short, for tests."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from headrace.facts.kinds import PARTY, RELATION

FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def day(number):
    """Some day of the story; None stays None."""
    return None if number is None else FIRST + timedelta(days=number)


def relation_table(rows):
    """Facts of kind relation from dicts: days as numbers, everything else as stored."""
    whole = []
    for number, row in enumerate(rows, start=1):
        source = row.get("source", "registry")
        plain = {"id": f"{source}#{number}", "source": source, "row": number, **row}
        for name in ("event_time", "known_time", "valid_to"):
            plain[name] = day(plain.get(name))
        plain |= {"purpose": "credit_assessment", "consent": "test", "currency": "CNY"}
        whole.append(plain)
    fields = [pa.field(f.name, _plain(f.type)) for f in RELATION.arrow]
    return pa.Table.from_pylist(whole, pa.schema(fields)).cast(RELATION.arrow)


def party_table(rows):
    """Facts of kind party from dicts."""
    whole = [
        {"id": f"parties#{number}", "source": "parties", "row": number, **row}
        for number, row in enumerate(rows, start=1)
    ]
    fields = [pa.field(f.name, _plain(f.type)) for f in PARTY.arrow]
    return pa.Table.from_pylist(whole, pa.schema(fields)).cast(PARTY.arrow)


def _plain(kind):
    return pa.string() if pa.types.is_dictionary(kind) else kind

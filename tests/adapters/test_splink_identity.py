"""Splink in bulk, and a resolver that goes on from what it learned."""

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("splink", reason="needs the extra `splink`")
from splink import DuckDBAPI

from headrace.adapters.splink_identity import splink_model, splink_parties
from headrace.errors import InputError
from headrace.graph.identity.records import records_of
from headrace.graph.identity.resolver import Resolver
from headrace.graph.identity.settings import (
    FirmNameComparison,
    Measure,
    Settings,
    TextComparison,
    block_on,
)
from headrace.graph.identity.training import Protocol, train

SETTINGS = Settings(
    comparisons=(
        TextComparison("name", Measure.JARO_WINKLER, (0.9,), by_frequency=True),
        TextComparison("birth", Measure.EDITS, (1.0,)),
        TextComparison("city"),
        TextComparison("phone"),
    ),
    rules=(block_on("name"), block_on("birth"), block_on("phone")),
)
PROTOCOL = Protocol(
    certain=(block_on("phone"),),
    recall=0.7,
    training=(block_on("phone"), block_on("birth")),
    sample_pairs=100_000,
)


def persons(count: int) -> tuple[pa.Table, list[int]]:
    """Persons on file twice, with some values wrong; and who each record is."""
    rng = np.random.default_rng(9)
    letters = np.array(list("abcdefghijklmnop"))
    names = ["".join(rng.choice(letters, 7)) for _ in range(count)]
    rows, truth = [], []
    for who in range(count):
        for _ in range(2):
            birth = who % 365 if rng.random() < 0.9 else rng.integers(0, 365)
            phone = who if rng.random() < 0.85 else rng.integers(0, 10**6)
            city = who % 12 if rng.random() < 0.9 else rng.integers(0, 12)
            name = names[who] if rng.random() < 0.9 else names[who][1:]
            rows.append((name, f"{birth:06d}", f"c{city}", f"{phone:08d}"))
            truth.append(who)
    columns = zip(*rows, strict=True)
    return pa.table(dict(zip(("name", "birth", "city", "phone"), columns, strict=True))), truth


def test_splink_learns_about_what_we_learn():
    table, _ = persons(800)
    ids = pa.array([f"r{row}" for row in range(table.num_rows)])
    theirs = splink_model(table, ids, SETTINGS, PROTOCOL, DuckDBAPI())
    records = records_of(table, ids, SETTINGS, {})
    ours = train(records, SETTINGS, PROTOCOL, np.random.default_rng(7))
    assert theirs.prior == pytest.approx(ours.prior, rel=0.05)
    for one, other in zip(theirs.agreements, ours.agreements, strict=True):
        assert one.same[-1] == pytest.approx(other.same[-1], abs=0.05)


def test_a_resolver_goes_on_under_the_ids_of_splinks_clusters():
    table, truth = persons(400)
    ids = pa.array([f"r{row}" for row in range(table.num_rows)])
    model = splink_model(table, ids, SETTINGS, PROTOCOL, DuckDBAPI())
    parties = splink_parties(table, ids, model, DuckDBAPI())
    made = Resolver(model)
    made.load(table, ids.to_pylist(), parties)
    kept = [
        made.party_of(r) == p
        for r, p in zip(ids.to_pylist(), parties["party"].to_pylist(), strict=True)
    ]
    assert sum(kept) > 0.98 * len(kept)
    found = {frozenset(np.flatnonzero(np.array(truth) == who).tolist()) for who in set(truth)}
    rows: dict[str, set[int]] = {}
    for row, party in enumerate(parties["party"].to_pylist()):
        rows.setdefault(party, set()).add(row)
    assert len(found & {frozenset(each) for each in rows.values()}) > 0.85 * len(found)


def test_company_names_are_ours_alone():
    settings = Settings((FirmNameComparison("name"),), (block_on("name"),))
    with pytest.raises(InputError, match="texts only"):
        splink_model(pa.table({"name": ["a"]}), pa.array(["1"]), settings, PROTOCOL, DuckDBAPI())

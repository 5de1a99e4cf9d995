"""Facts by party: the same rows as looking through all of them, in the same order."""

from itertools import product

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.adapters.party_facts import (
    IN_MEMORY,
    PartyFacts,
    QueriedFacts,
    by_party,
    kinds_of_parties,
)
from headrace.adapters.store import FactStore, parquet_bytes
from headrace.facts.cells import plain
from headrace.facts.kinds import CORRECTION, INVOICE, KINDS, RELATION

PARTIES = st.sampled_from(["E1", "E2", "E10", "甲"])


def invoice(at, party):
    return {
        "id": f"i#{at}",
        "source": "i",
        "row": at,
        "party": party,
        "event_time": 5 - at % 3,
        "amount_minor": at,
    }


class Tables:
    """Facts that are there already."""

    def __init__(self, **tables):
        self.tables = tables

    def read(self, kind):
        return self.tables.get(kind, KINDS[kind].empty())


def table(kind, rows):
    return pa.Table.from_pylist(rows, KINDS[kind].arrow)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PARTIES, max_size=30), st.lists(st.tuples(PARTIES, PARTIES), max_size=10))
def test_the_facts_of_a_party_are_those_that_name_it(tmp_path_factory, parties, pairs):
    invoices = table(INVOICE.kind, [invoice(at, each) for at, each in enumerate(parties)])
    relations = table(
        RELATION.kind,
        [{"id": f"r#{at}", "subject": a, "object": b} for at, (a, b) in enumerate(pairs) if a != b],
    )
    voids = table(
        CORRECTION.kind,
        [{"id": f"v#{at}", "corrects": f"i#{at}"} for at in range(0, len(parties), 2)]
        + [{"id": "v#x", "corrects": None}],
    )
    facts = PartyFacts(
        Tables(invoice=invoices, relation=relations, correction=voids),
        tmp_path_factory.mktemp("scratch"),
    )
    for party in ("E1", "E2", "E10", "甲", "nobody"):
        mine = plain(invoices).filter(pc.equal(invoices["party"].cast(pa.string()), party))
        assert facts.facts(INVOICE.kind, party).to_pylist() == mine.to_pylist()
        in_order = mine.sort_by([("event_time", "ascending"), ("id", "ascending")])
        assert facts.invoices(party).to_pylist() == in_order.to_pylist()
        known = {f"i#{at}" for at, each in enumerate(parties) if each == party}
        found = facts.corrections(party)["corrects"].to_pylist()
        assert found == sorted(each for each in known if int(each[2:]) % 2 == 0)
        ends = {
            each["id"]
            for each in relations.to_pylist()
            if party in (each["subject"], each["object"])
        }
        assert set(facts.facts(RELATION.kind, party)["id"].to_pylist()) == ends


def test_many_facts_are_mapped_and_not_held(tmp_path):
    rows = IN_MEMORY + 1
    facts = table(INVOICE.kind, [invoice(at, f"E{at % 7}") for at in range(rows)])
    [found] = by_party(facts, INVOICE.kind, tmp_path / "x.arrow")
    assert [each.name for each in tmp_path.iterdir()] == ["0-x.arrow"]
    assert found.of("E3")["row"].to_pylist() == list(range(3, rows, 7))
    assert found.of("E9").num_rows == 0


def test_kinds_about_a_party():
    assert "rate_response" not in kinds_of_parties()
    assert {"invoice", "party", "relation", "exposure", "correction"} <= set(kinds_of_parties())


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PARTIES, max_size=30), st.lists(st.tuples(PARTIES, PARTIES), max_size=10))
def test_files_that_are_not_sorted_yet_say_the_same(tmp_path_factory, parties, pairs):
    rows = {
        "invoice": [invoice(at, each) for at, each in enumerate(parties)],
        "correction": [
            {"id": f"v#{at}", "corrects": f"i#{at}"} for at in range(0, len(parties), 2)
        ],
        "relation": [
            {"id": f"r#{at}", "subject": a, "object": b} for at, (a, b) in enumerate(pairs)
        ],
        "party": [{"id": f"p#{at}", "party": each} for at, each in enumerate(parties)],
    }
    tables = {kind: table(kind, rows.get(kind, [])) for kind in KINDS}
    folder = tmp_path_factory.mktemp("run")
    (folder / "facts").mkdir()
    for kind, each in tables.items():
        (folder / "facts" / f"{kind}.parquet").write_bytes(parquet_bytes(each))
    kept = PartyFacts(Tables(**tables), tmp_path_factory.mktemp("scratch"))
    store = FactStore(folder)
    for asked, party in product((QueriedFacts(store), QueriedFacts(store, few=-1)), ("E1", "甲")):
        for kind in kinds_of_parties():
            found = asked.facts(kind, party)
            assert found.schema == kept.facts(kind, party).schema
            assert found.to_pylist() == kept.facts(kind, party).to_pylist()
        assert asked.invoices(party).to_pylist() == kept.invoices(party).to_pylist()
        assert asked.corrections(party).to_pylist() == kept.corrections(party).to_pylist()

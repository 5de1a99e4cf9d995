"""Beneficial ownership statements: what they say, what replaces them, what cannot be used."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.adapters.graph_formats import bods_words as words
from headrace.adapters.graph_formats.bods import Publication, write_bods
from headrace.adapters.graph_formats.bods_reader import read_bods
from headrace.adapters.graph_formats.tables import GraphFacts, Origin, plain
from headrace.errors import InputError
from headrace.facts.kinds import PARTY, RELATION
from headrace.graph.relations.snapshot import as_of
from headrace.graph.relations.statements import statements_of
from strategies_relations import days, graph_facts, table

DATA = Path(__file__).parents[1] / "data" / "graph" / "bods"
ORIGIN = Origin("register", "p", "c")
PUBLICATION = Publication("The bank", date(2026, 1, 1))
QUICK = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def rows(stored):
    return plain(stored).to_pylist()


def read(tmp_path, *statements):
    path = tmp_path / "statements.json"
    path.write_text(json.dumps(statements), encoding="utf-8")
    return read_bods(path, ORIGIN)


def statement(record, kind, details, made="2020-01-01", **said):
    return {
        "statementId": f"{record} {made}".ljust(32, "x"),
        "declarationSubject": "E1",
        "statementDate": made,
        "recordId": record,
        "recordType": kind,
        "recordDetails": {"isComponent": False, **details},
        **said,
    }


def relationship(*interests, made="2020-01-01", record="r1", ends=("E1", "P1"), **said):
    details = {"subject": ends[0], "interestedParty": ends[1], "interests": list(interests)}
    return statement(record, "relationship", details, made, **said)


def shares(exact, **said):
    return {"type": "shareholding", "share": {"exact": exact}, **said}


# ---- round trip ----

SAID = tuple(words.INTEREST)
CARRIED = ("relation", "subject", "object", "event_time", "valid_to", "known_time")


def carried(relation):
    """What BODS can say of a relation; a statement without an id gets one."""
    nominee = relation["relation"] == "nominee"
    withdrawn = relation["status"] == "withdrawn"
    kept = {name: relation[name] for name in CARRIED}
    kept |= {"withdrawn": withdrawn, "about": relation["about"] if nominee else None}
    if not nominee:
        kept |= {name: relation[name] for name in ("role", "share", "share_min", "share_max")}
    if withdrawn:
        kept |= {"valid_to": None}
    return kept


def distinct(facts):
    """Facts in which each relation is a statement of its own, known and begun, and ends later."""
    kept = []
    for number, each in enumerate(rows(facts.relations)):
        role = None if each["relation"] == "nominee" else each["role"]
        changed = {**each, "statement": f"s{number}", "role": role}
        if each["status"] == "withdrawn":
            changed |= {"valid_to": None, "event_time": each["event_time"] or each["valid_to"]}
        usable = each["known_time"] is not None and (
            changed["status"] != "withdrawn" or changed["event_time"] is not None
        )
        about = each["about"]
        if usable and about not in (each["subject"], each["object"]):
            kept.append(changed)
    return GraphFacts(facts.parties, table(kept, RELATION))


@given(whole=graph_facts(kinds=SAID, times=days).map(distinct))
@QUICK
def test_what_bods_can_say_is_read_back_equal(whole, tmp_path):
    path = tmp_path / "b.json"
    exported = write_bods(whole, path, PUBLICATION)
    imported = read_bods(path, ORIGIN)
    assert imported.quarantine.to_pylist() == []
    assert exported.relations == whole.relations.num_rows
    found = sorted(map(carried, rows(imported.facts.relations)), key=str)
    assert found == sorted(map(carried, rows(whole.relations)), key=str)


def test_the_file_is_an_array_of_statements_that_the_standard_describes(tmp_path):
    path = tmp_path / "b.json"
    parties = [
        {"party": "E1", "name": "华泰", "type": "company", "uscc": "91310000MA1FL5E91X"},
        {"party": "P1", "name": "Chen", "type": "person"},
        {"party": "F", "type": "fund", "region": "310000"},
    ]
    owned = {"relation": "owns", "subject": "P1", "object": "E1", "share": 0.3333}
    guarantee = {"relation": "guarantees", "subject": "E1", "object": "E2"}
    whole = GraphFacts(table(parties, PARTY), table([owned, guarantee], RELATION))
    exported = write_bods(whole, path, PUBLICATION)
    company, person, fund, stranger, link = json.loads(path.read_text(encoding="utf-8"))
    assert company["recordDetails"]["entityType"] == {
        "type": "registeredEntity",
        "details": "company",
    }
    assert company["recordDetails"]["identifiers"][0]["schemeName"] == words.USCC
    assert person["recordDetails"]["names"] == [{"type": "legal", "fullName": "Chen"}]
    assert fund["recordDetails"]["entityType"]["type"] == "legalEntity"
    assert stranger["recordDetails"]["entityType"] == {"type": "unknownEntity"}
    (interest,) = link["recordDetails"]["interests"]
    assert (interest["type"], interest["share"]) == ("shareholding", {"exact": 33.33})
    for each in (company, person, fund, stranger, link):
        assert 32 <= len(each["statementId"]) <= 64
        assert each["publicationDetails"]["bodsVersion"] == "0.4"
        assert {"declarationSubject", "recordId", "recordType", "statementDate"} <= set(each)
    assert {each.what for each in exported.lost} == {
        "`guarantees`: no interest says it; not written",
        "`region` of parties: no field for it",
        "`known_time` is not said: the day of publication is written",
    }


def test_parties_come_back_with_their_type_and_numbers(tmp_path):
    parties = [
        {
            "party": "E1",
            "name": "A",
            "type": "partnership",
            "uscc": "91310000MA1FL5E91X",
            "registration_number": "310",
            "address": "1 Road",
        },
        {"party": "E2", "type": None},
        {"party": "P1", "name": "Chen", "type": "person"},
    ]
    write_bods(
        GraphFacts(table(parties, PARTY), table([], RELATION)), tmp_path / "b.json", PUBLICATION
    )
    found = rows(read_bods(tmp_path / "b.json", ORIGIN).facts.parties)
    names = ("party", "name", "type", "uscc", "registration_number", "address")
    assert [{name: each[name] for name in names} for each in found] == [
        {name: each.get(name) for name in names} for each in parties
    ]


# ---- versions ----


def views(imported, *moments):
    """Who holds what of E1 at some days, everything known."""
    graph = statements_of(imported.facts.relations)
    last = datetime(2030, 1, 1, tzinfo=UTC)
    for each in moments:
        at = as_of(graph, datetime.fromisoformat(each).replace(tzinfo=UTC), last)
        yield sorted(zip(at.kind.tolist(), at.low.round(4).tolist(), strict=True))


def test_an_update_changes_the_share_and_a_closed_record_ends_it(tmp_path):
    imported = read(
        tmp_path,
        relationship(shares(30, startDate="2020-01-01"), recordStatus="new"),
        relationship(shares(40, startDate="2021-01-01"), made="2021-02-01", recordStatus="updated"),
        relationship(shares(40, endDate="2022-01-01"), made="2022-02-01", recordStatus="closed"),
    )
    assert {each["statement"] for each in rows(imported.facts.relations)} == {"r1"}
    found = list(views(imported, "2020-06-01", "2021-06-01", "2022-06-01"))
    assert found == [[(0, 0.3)], [(0, 0.4)], []]


def test_an_interest_that_an_update_no_longer_names_has_ended(tmp_path):
    both = [shares(30, startDate="2020-01-01"), {"type": "votingRights", "share": {"exact": 60}}]
    imported = read(
        tmp_path,
        relationship(*both),
        relationship(both[0], made="2021-02-01", recordStatus="updated"),
    )
    votes = [each for each in rows(imported.facts.relations) if each["relation"] == "votes"]
    assert [each["status"] for each in votes] == [None, "withdrawn"]
    assert list(views(imported, "2020-06-01", "2021-06-01")) == [[(0, 0.3), (1, 0.6)], [(0, 0.3)]]


def test_statements_may_come_in_any_order(tmp_path):
    made = [relationship(shares(n), made=f"202{n}-01-01") for n in (3, 1, 2)]
    imported = read(tmp_path, *made)
    assert [each["share"] for each in rows(imported.facts.relations)] == [0.01, 0.02, 0.03]


# ---- shares ----


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        ({"exact": 33.3}, (0.333, None, None)),
        ({"minimum": 25, "maximum": 50}, (None, 0.25, 0.5)),
        ({"exclusiveMinimum": 25, "maximum": 50}, (None, 0.25, 0.5)),
        ({"minimum": 75, "maximum": 100, "exclusiveMinimum": False}, (None, 0.75, 1.0)),
        ({"minimum": 25}, (None, 0.25, None)),
        (None, (None, None, None)),
    ],
)
def test_shares_are_exact_or_between_two_bounds(share, expected, tmp_path):
    interest = {"type": "shareholding", "share": share} if share else {"type": "shareholding"}
    (found,) = rows(read(tmp_path, relationship(interest)).facts.relations)
    assert (found["share"], found["share_min"], found["share_max"]) == expected


@pytest.mark.parametrize("share", [{"exact": 101}, {"exact": -1}, {"exact": "half"}, [50]])
def test_an_impossible_share_is_refused(share, tmp_path):
    imported = read(tmp_path, relationship({"type": "shareholding", "share": share}))
    assert imported.facts.relations.num_rows == 0
    assert imported.quarantine.num_rows == 1


# ---- indirect interests, nominations, parties that are not named ----


def test_an_indirect_interest_is_told_by_its_components_or_not_used(tmp_path):
    indirect = relationship(shares(30, directOrIndirect="indirect"), record="sum")
    imported = read(tmp_path, indirect)
    (bad,) = imported.quarantine.to_pylist()
    assert bad["field"] == "directOrIndirect"
    assert "componentRecords" in bad["remedy"]
    indirect["recordDetails"]["componentRecords"] = ["r1"]
    imported = read(tmp_path, indirect, relationship(shares(60)))
    assert [each["share"] for each in rows(imported.facts.relations)] == [0.6]
    assert imported.skipped == {"indirect interest, told by its components": 1}


def test_a_nomination_is_one_nominee_relation_and_what_the_nominee_holds(tmp_path):
    arrangement = {"entityType": {"type": "arrangement", "subtype": "nomination"}}
    imported = read(
        tmp_path,
        statement("N", "entity", arrangement),
        relationship({"type": "nominator"}, record="r1", ends=("N", "owner")),
        relationship({"type": "nominee"}, record="r2", ends=("N", "friend")),
        relationship(shares(80), record="r3", ends=("E1", "N")),
    )
    nominee, owns = sorted(rows(imported.facts.relations), key=lambda each: each["relation"])
    assert (nominee["subject"], nominee["object"], nominee["about"]) == ("friend", "owner", "E1")
    assert (owns["subject"], owns["object"], owns["share"]) == ("friend", "E1", 0.8)
    assert imported.facts.parties.num_rows == 0


def test_what_nobody_names_is_skipped_and_counted(tmp_path):
    unnamed = relationship(shares(1), ends=("E1", {"reason": "noBeneficialOwners"}))
    unknown = relationship({"type": "enjoymentAndUseOfAssets"}, {}, record="r2")
    assert read(tmp_path, unnamed, unknown).skipped == {
        "relationship with an unspecified party": 1,
        "interest `enjoymentAndUseOfAssets`": 1,
        "interest `unknownInterest`": 1,
    }


# ---- files ----


@pytest.mark.parametrize("path", sorted((DATA / "valid").glob("*.json")), ids=lambda p: p.stem)
def test_statements_that_the_standard_calls_valid_are_not_refused(path):
    assert read_bods(path, ORIGIN).quarantine.to_pylist() == []


@pytest.mark.parametrize("path", sorted((DATA / "invalid").glob("*.json")), ids=lambda p: p.stem)
def test_statements_that_the_standard_calls_invalid_are_refused_with_a_remedy(path):
    imported = read_bods(path, ORIGIN)
    assert imported.facts.relations.num_rows == imported.facts.parties.num_rows == 0
    (bad, *_) = imported.quarantine.to_pylist()
    assert bad["reason"]
    assert bad["remedy"]


def test_a_real_chain_in_the_form_before_1_0():
    imported = read_bods(DATA / "before_1_0.json", ORIGIN)
    names = {each["party"]: each["name"] for each in rows(imported.facts.parties)}
    chain = [
        (names[each["subject"]], names[each["object"]], each["share_min"], each["share_max"])
        for each in rows(imported.facts.relations)
    ]
    assert chain == [
        ("AIMIA INC.", "AIMIA HOLDINGS UK LIMITED", 0.75, 1.0),
        ("AIMIA INC.", "AIMIA HOLDINGS UK II LIMITED", 0.75, 1.0),
    ]
    assert imported.quarantine.num_rows == 0
    assert imported.skipped == {"relationship with an unspecified party": 1}


def old(identity, kind, **said):
    return {"statementID": identity, "statementType": kind, "statementDate": "2018-01-01", **said}


def test_in_the_older_form_a_statement_replaces_others(tmp_path):
    ends = {
        "subject": {"describedByEntityStatement": "e2"},
        "interestedParty": {"describedByPersonStatement": "p1"},
    }
    holds = "ownershipOrControlStatement"
    votes = {"type": "voting-rights", "share": {"exact": 20}}
    imported = read(
        tmp_path,
        old("e1", "entityStatement", name="Old name", entityType="registeredEntity"),
        old("e2", "entityStatement", name="New name", replacesStatements=["e1"]),
        old("p1", "personStatement", names=[{"givenName": "A", "familyName": "B"}]),
        old("o1", holds, interests=[votes], **ends),
        old(
            "o2",
            holds,
            interests=[{**votes, "share": {"exact": 30}}],
            replacesStatements=["o1"],
            **{**ends, "statementDate": "2019-01-01"},
        ),
    )
    assert {each["party"] for each in rows(imported.facts.parties)} == {"e1", "p1"}
    assert [each["name"] for each in rows(imported.facts.parties)] == [
        "Old name",
        "New name",
        "A B",
    ]
    found = [(e["statement"], e["object"], e["share"]) for e in rows(imported.facts.relations)]
    assert found == [("o1", "e1", 0.2), ("o1", "e1", 0.3)]


def test_replacements_that_go_round_end(tmp_path):
    imported = read(
        tmp_path,
        old("a", "entityStatement", replacesStatements=["b"]),
        old("b", "entityStatement", replacesStatements=["a"]),
    )
    assert imported.facts.parties.num_rows == 2


def test_one_statement_a_line_is_read_too_and_a_broken_line_costs_itself_alone(tmp_path):
    path = tmp_path / "b.jsonl"
    path.write_text(f"{{\n{json.dumps(relationship(shares(5)))}\n", encoding="utf-8")
    imported = read_bods(path, ORIGIN)
    assert imported.facts.relations.num_rows == 1
    assert imported.quarantine["line"].to_pylist() == [1]


def test_a_file_cut_short_gives_what_stands_before_the_cut(tmp_path):
    path = tmp_path / "b.json"
    text = json.dumps([relationship(shares(5)), relationship(shares(6), record="r2")])
    path.write_text(text[:-40], encoding="utf-8")
    imported = read_bods(path, ORIGIN)
    assert [each["share"] for each in rows(imported.facts.relations)] == [0.05]
    assert "mend the file" in imported.quarantine["remedy"][0].as_py()


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(
                st.sampled_from(
                    [
                        "statementId",
                        "recordId",
                        "recordType",
                        "recordDetails",
                        "share",
                        "statementDate",
                        "interests",
                        "subject",
                        "interestedParty",
                        "type",
                        "names",
                        "entityType",
                        "identifiers",
                        "statementType",
                        "statementID",
                        "replacesStatements",
                    ]
                ),
                st.one_of(inner, st.sampled_from(["relationship", "entity", "person"])),
            ),
        ),
    )
)
@QUICK
def test_no_json_brings_the_reader_down(tmp_path, value):
    path = tmp_path / "b.json"
    path.write_text(json.dumps([value]), encoding="utf-8")
    imported = read_bods(path, ORIGIN)
    assert set(imported.quarantine["file"].to_pylist()) <= {"b.json"}


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_bods(tmp_path / "none.json", ORIGIN)
    whole = GraphFacts(table([], PARTY), table([], RELATION))
    with pytest.raises(InputError, match="cannot be written"):
        write_bods(whole, tmp_path / "none" / "b.json", PUBLICATION)

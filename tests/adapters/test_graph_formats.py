"""Parties and relations through the formats of others: nothing changes, nothing is lost unsaid."""

import csv
import json
import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.adapters.graph_formats import cells, columns, followthemoney, graphml, neo4j
from headrace.adapters.graph_formats.followthemoney_reader import read_followthemoney
from headrace.adapters.graph_formats.followthemoney_words import code_of, entity_id
from headrace.adapters.graph_formats.tables import GraphFacts, Origin, plain
from headrace.errors import InputError
from headrace.facts.kinds import PARTY, RELATION
from strategies_relations import FIRST_DAY, codes, graph_facts, table

ORIGIN = Origin("file", "p", "c")
ONE_FILE = {"graphml": "graph.graphml", "followthemoney": "entities.ftm.json"}
FORMATS = {
    "csv": (columns.write_csv, columns.read_csv),
    "parquet": (columns.write_parquet, columns.read_parquet),
    "neo4j": (neo4j.write_neo4j, neo4j.read_neo4j),
    "graphml": (graphml.write_graphml, graphml.read_graphml),
    "followthemoney": (followthemoney.write_followthemoney, read_followthemoney),
}
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
OWNS = {"relation": "owns", "subject": "P1", "object": "E1", "share": 0.51}


def place(name, folder):
    return folder / ONE_FILE[name] if name in ONE_FILE else folder


def facts(*relations, parties=()):
    return GraphFacts(table(list(parties), PARTY), table(list(relations), RELATION))


def through(name, given_facts, folder):
    write, read = FORMATS[name]
    exported = write(given_facts, place(name, folder))
    return exported, read(place(name, folder), ORIGIN)


def rows(stored):
    return plain(stored).to_pylist()


@pytest.mark.parametrize("name", FORMATS)
@given(whole=graph_facts())
@QUICK
def test_what_is_written_is_read_back_equal(name, whole, tmp_path):
    _, imported = through(name, whole, tmp_path)
    assert imported.quarantine.to_pylist() == []
    assert rows(imported.facts.relations) == rows(whole.relations)
    assert rows(imported.facts.parties) == rows(whole.parties)


@pytest.mark.parametrize("name", FORMATS)
def test_a_graph_without_anything_is_a_file_that_can_be_read(name, tmp_path):
    exported, imported = through(name, facts(), tmp_path)
    assert (exported.parties, exported.relations, exported.lost) == (0, 0, ())
    assert imported.facts.relations.num_rows == imported.facts.parties.num_rows == 0


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_or_folder_that_is_not_there_is_an_error_with_a_remedy(name, tmp_path):
    write, read = FORMATS[name]
    nowhere = place(name, tmp_path / "nowhere")
    with pytest.raises(InputError, match="cannot be read"):
        read(nowhere, ORIGIN)
    with pytest.raises(InputError, match="cannot be written"):
        write(facts(OWNS), nowhere)


# ---- CSV and Parquet ----


def write_relations(folder, text, encoding="utf-8"):
    (folder / "relations.csv").write_bytes(text.encode(encoding))


def test_relations_of_another_program_need_three_columns_only(tmp_path):
    write_relations(tmp_path, "object,subject,relation,share\nE1,张三,owns,0.3\n", "gb18030")
    (relation,) = rows(columns.read_csv(tmp_path, ORIGIN).facts.relations)
    assert (relation["subject"], relation["object"], relation["share"]) == ("张三", "E1", 0.3)
    assert (relation["id"], relation["row"], relation["purpose"]) == ("file#1", 1, "p")


def test_a_bad_row_goes_to_quarantine_and_the_rest_is_kept(tmp_path):
    write_relations(
        tmp_path,
        "relation,subject,object,share,event_time\n"
        "owns,P1,E1,0.3,2024-05-01\n"
        "owns,P2,E1,thirty,2024-05-01\n"
        "owns,P3,E1,30,2024-05-01\n"
        "owns,P4,E1,nan,2024-05-01\n"
        "owns,P5,E1,0.1,2024-13-01\n"
        "owes,P6,E1,0.1,\n"
        "owns,,E1,0.1,\n"
        "owns,E1,E1,0.1,\n"
        "owns,P7,E1\n"
        "owns,P8,E1,0.2,\n",
    )
    imported = columns.read_csv(tmp_path, ORIGIN)
    assert [each["subject"] for each in rows(imported.facts.relations)] == ["P1", "P8"]
    told = {each["line"]: each for each in imported.quarantine.to_pylist()}
    assert sorted(told) == list(range(3, 11))
    assert (told[3]["field"], told[3]["value"]) == ("share", "thirty")
    assert told[4]["remedy"] == "a fraction from 0 to 1"
    assert told[6]["value"] == "2024-13-01"
    assert "one of owns, votes" in told[7]["remedy"]
    assert told[8]["field"] == "subject"
    assert told[9]["field"] == "subject, object"
    assert told[10]["value"] == "owns,P7,E1"
    assert all(each["reason"] and each["file"] == "relations.csv" for each in told.values())


def test_a_share_range_that_cannot_be_and_an_end_before_its_beginning_are_refused(tmp_path):
    write_relations(
        tmp_path,
        "relation,subject,object,share,share_min,share_max,event_time,valid_to,amount_minor\n"
        "owns,P1,E1,,0.5,0.3,,,\n"
        "owns,P2,E1,0.6,0.1,0.5,,,\n"
        "owns,P3,E1,,,,2024-05-01,2024-04-30,\n"
        "lends,P4,E1,,,,,,-5\n"
        "lends,P5,E1,,,,,,1.5\n",
    )
    imported = columns.read_csv(tmp_path, ORIGIN)
    assert imported.facts.relations.num_rows == 0
    assert [each["field"] for each in imported.quarantine.to_pylist()] == [
        "amount_minor",
        "amount_minor",
        "share, share_min, share_max",
        "share, share_min, share_max",
        "event_time, valid_to",
    ]


def test_a_day_is_a_day_of_the_bank_and_is_known_when_it_is_over(tmp_path):
    write_relations(
        tmp_path,
        "relation,subject,object,event_time,known_time\nowns,P1,E1,2020-01-01,2020-01-01\n",
    )
    (relation,) = rows(columns.read_csv(tmp_path, ORIGIN).facts.relations)
    assert relation["event_time"] == FIRST_DAY
    assert (relation["known_time"] - FIRST_DAY).total_seconds() == pytest.approx(86_400, abs=1e-3)


def test_a_quote_that_is_never_closed_costs_its_line_alone(tmp_path):
    write_relations(tmp_path, 'relation,subject,object\nowns,"P1,E1\nowns,P2,E1\n')
    imported = columns.read_csv(tmp_path, ORIGIN)
    assert [each["subject"] for each in rows(imported.facts.relations)] == ["P2"]
    assert imported.quarantine["line"].to_pylist() == [2]


def test_a_missing_column_is_an_error_that_names_it(tmp_path):
    write_relations(tmp_path, "from,to\nA,B\n")
    with pytest.raises(InputError, match="no column `relation`"):
        columns.read_csv(tmp_path, ORIGIN)


def test_columns_that_are_not_ours_are_told(tmp_path):
    write_relations(tmp_path, "relation,subject,object,mood\nowns,P1,E1,good\n")
    assert columns.read_csv(tmp_path, ORIGIN).skipped == {"relations.csv: column `mood`": 1}


def test_a_spreadsheet_runs_no_formula_of_ours(tmp_path):
    columns.write_csv(facts({**OWNS, "detail": "=HYPERLINK(1)"}), tmp_path)
    with (tmp_path / "relations.csv").open(encoding="utf-8", newline="") as file:
        (relation,) = csv.DictReader(file)
    assert relation["detail"] == "'=HYPERLINK(1)"


def test_a_parquet_file_of_wrong_types_is_an_error(tmp_path):
    bad = pa.table({"relation": ["owns"], "subject": ["A"], "object": ["B"], "share": ["x"]})
    pq.write_table(bad, tmp_path / "relations.parquet")
    with pytest.raises(InputError, match="not of the stored type"):
        columns.read_parquet(tmp_path, ORIGIN)
    (tmp_path / "relations.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="cannot be read"):
        columns.read_parquet(tmp_path, ORIGIN)


# ---- Neo4j ----


def test_headers_are_those_that_neo4j_admin_reads(tmp_path):
    neo4j.write_neo4j(facts(OWNS, parties=[{"party": "E1", "type": "company"}]), tmp_path)
    nodes = (tmp_path / "parties.csv").read_text(encoding="utf-8").replace('"', "").splitlines()
    links = (tmp_path / "relations.csv").read_text(encoding="utf-8").replace('"', "").splitlines()
    header = links[0].split(",")
    assert {":START_ID", ":END_ID", ":TYPE", "share:double", "event_time:datetime"} <= set(header)
    assert {"party:ID", ":LABEL", "capital_minor:long"} <= set(nodes[0].split(","))
    assert nodes[1].endswith("Party;Company")
    assert nodes[2].endswith("Mentioned")  # P1 has no party fact, but an edge needs its end
    assert dict(zip(header, links[1].split(","), strict=True))[":TYPE"] == "OWNS"


@pytest.mark.parametrize("name", ["neo4j", "graphml"])
def test_of_two_facts_about_a_party_the_last_is_written_and_it_is_said(name, tmp_path):
    whole = facts(parties=[{"party": "E1", "name": "old"}, {"party": "E1", "name": "new"}])
    exported, imported = through(name, whole, tmp_path)
    assert [each["name"] for each in rows(imported.facts.parties)] == ["new"]
    (lost,) = exported.lost
    assert (lost.rows, lost.example) == (1, "file#1")
    assert "earlier facts" in lost.what


# ---- GraphML ----

OTHER_GRAPHML = """<?xml version='1.0' encoding='utf-8'?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="d1" for="edge" attr.name="share" attr.type="double" />
  <key id="d0" for="node" attr.name="name" attr.type="string" />
  <key id="d2" for="node" attr.name="mood" attr.type="string" />
  <graph edgedefault="directed">
    <node id="A"><data key="d0">Firm A</data><data key="d2">good</data></node>
    <node id="B" />
    <edge source="A" target="B"><data key="d1">0.4</data></edge>
    <edge source="A" target="B"><data key="d1">lots</data></edge>
  </graph>
</graphml>"""


def test_a_graph_of_another_program_is_read_when_its_relation_is_named(tmp_path):
    path = tmp_path / "other.graphml"
    path.write_text(OTHER_GRAPHML, encoding="utf-8")
    imported = graphml.read_graphml(path, ORIGIN, relation="owns")
    (relation,) = rows(imported.facts.relations)
    assert (relation["subject"], relation["object"], relation["share"]) == ("A", "B", 0.4)
    assert [each["name"] for each in rows(imported.facts.parties)] == ["Firm A"]
    assert imported.skipped == {"node data `mood`": 1, "node without data": 1}
    (bad,) = imported.quarantine.to_pylist()
    assert (bad["line"], bad["field"], bad["value"]) == (10, "share", "lots")
    without = graphml.read_graphml(path, ORIGIN)
    assert without.facts.relations.num_rows == 0
    assert "relation" in without.quarantine["field"].to_pylist()


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ('<!DOCTYPE g [<!ENTITY a "aaaa">]><graphml>', "document type"),
        ('<!DOCTYPE g SYSTEM "file:///etc/passwd"><graphml>', "document type"),
        ("<a>" * 150, "nested"),
        ("<graphml><graph><node id='A'>", "not well-formed"),
        ('<?xml version="1.0" encoding="klingon"?><graphml/>', ""),
        ("", "not well-formed"),
    ],
)
def test_dangerous_or_broken_xml_is_refused_without_harm(head, why, tmp_path):
    path = tmp_path / "bad.graphml"
    path.write_text(head, encoding="utf-8")
    imported = graphml.read_graphml(path, ORIGIN)
    (bad,) = imported.quarantine.to_pylist()
    assert why in bad["reason"]
    assert imported.facts.relations.num_rows == 0


def test_what_stands_before_a_break_is_kept(tmp_path):
    path = tmp_path / "cut.graphml"
    graphml.write_graphml(facts(OWNS, {**OWNS, "subject": "P2"}), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.rindex(b"<edge") + 9])
    imported = graphml.read_graphml(path, ORIGIN)
    assert [each["subject"] for each in rows(imported.facts.relations)] == ["P1"]
    assert imported.quarantine.num_rows == 1


def test_characters_that_xml_cannot_hold_are_replaced_and_told(tmp_path):
    whole = facts({**OWNS, "detail": "a\x00b"}, {**OWNS, "object": "E\x01"})
    exported, imported = through("graphml", whole, tmp_path)
    assert [each["detail"] for each in rows(imported.facts.relations)] == ["a\ufffdb"]
    assert {(each.rows, each.example) for each in exported.lost} == {(1, "file#1"), (1, "file#2")}


# ---- FollowTheMoney ----


def entities(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_relations_become_the_nearest_schema(tmp_path):
    path = tmp_path / "f.json"
    exported = followthemoney.write_followthemoney(
        facts(
            {**OWNS, "event_time": FIRST_DAY, "known_time": FIRST_DAY},
            {"relation": "family", "subject": "P2", "object": "P1", "role": "mother"},
            {"relation": "lends", "subject": "E1", "object": "E2", "amount_minor": 150_050},
            {"relation": "guarantees", "subject": "E1", "object": "E2", "amount_minor": 7},
        ),
        path,
    )
    found = {each["schema"]: each["properties"] for each in entities(path) if "-" not in each["id"]}
    found |= {each["schema"]: each["properties"] for each in entities(path)}
    assert found["Ownership"]["percentage"] == ["51"]
    assert found["Ownership"]["startDate"] == ["2020-01-01"]
    assert found["Ownership"]["retrievedAt"] == ["2019-12-31T16:00:00"]
    assert found["Family"] | {"person": ["P1"], "relative": ["P2"]} == found["Family"]
    assert found["Family"]["relationship"] == ["mother"]
    assert found["Debt"] | {"debtor": ["E2"], "creditor": ["E1"]} == found["Debt"]
    assert (found["Debt"]["amount"], found["Debt"]["currency"]) == (["1500.5"], ["CNY"])
    assert found["UnknownLink"]["role"] == ["guarantees"]
    assert {each.what for each in exported.lost} == {
        "`guarantees`: no schema for it; an UnknownLink with that role",
        "`amount_minor` of `guarantees`: no property for it; under `headrace`",
    }


def test_a_telephone_number_that_is_not_international_stands_beside(tmp_path):
    path = tmp_path / "f.json"
    parties = [{"party": "E1", "phone": "021-63295678"}, {"party": "E2", "phone": "+862163295678"}]
    exported = followthemoney.write_followthemoney(facts(parties=parties), path)
    first, second = entities(path)
    assert "phone" not in first["properties"]
    assert first["headrace"]["phone"] == "021-63295678"
    assert second["properties"]["phone"] == ["+862163295678"]
    assert [(each.what, each.rows) for each in exported.lost] == [
        ("`phone` of `party`: no property for it; under `headrace`", 1)
    ]


def read_lines(tmp_path, *lines):
    path = tmp_path / "f.json"
    path.write_text(
        "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    )
    return read_followthemoney(path, ORIGIN)


def link(schema, **properties):
    return {"id": "x", "schema": schema, "properties": {k: [v] for k, v in properties.items()}}


@pytest.mark.parametrize(
    ("percentage", "expected"),
    [
        (["51.5"], {"share": 0.515}),
        (["51.5 %"], {"share": 0.515}),
        (["25-50"], {"share_min": 0.25, "share_max": 0.5}),
        (["25", "50"], {"share_min": 0.25, "share_max": 0.5}),
        ([], {"share": None}),
    ],
)
def test_percentages_as_other_writers_put_them(percentage, expected, tmp_path):
    entity = link("Ownership", owner="a", asset="b")
    entity["properties"]["percentage"] = percentage
    (relation,) = rows(read_lines(tmp_path, entity).facts.relations)
    assert relation | expected == relation


def test_entities_of_other_writers(tmp_path):
    imported = read_lines(
        tmp_path,
        {"id": "c", "schema": "Company", "properties": {"name": ["C"], "legalForm": ["Ltd"]}},
        {"id": "s", "schema": "Sanction", "properties": {}},
        link("Employment", employee="p", employer="c", role="cashier"),
        link("UnknownLink", subject="a", object="b", role="friend"),
        link("UnknownLink", subject="a", object="b", role="acts with", startDate="2020"),
    )
    assert [each["type"] for each in rows(imported.facts.parties)] == ["company"]
    office, concert = rows(imported.facts.relations)
    assert (office["relation"], office["subject"], office["role"]) == ("office", "p", "cashier")
    assert (concert["relation"], concert["event_time"]) == ("acts_with", FIRST_DAY)
    assert imported.skipped == {"Sanction": 1}
    (bad,) = imported.quarantine.to_pylist()
    assert (bad["line"], bad["statement"], bad["field"]) == (4, "x", "role")


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"id": 5}',
        '{"id": "x", "schema": "Company", "properties": []}',
        '{"id": "x", "schema": "Company", "properties": {"name": [{}]}}',
        '{"id": "x", "schema": "Company", "properties": {}, "headrace": 5}',
        '{"id": "x", "schema": "Company", "properties": {}, "headrace": {"row": "one"}}',
        '{"id": "x", "schema": "Company", "properties": {}, "headrace": {"row": 9e99}}',
        link("Ownership", owner="a"),
        link("Ownership", owner="a", asset="b", percentage="most"),
        link("Ownership", owner="a", asset="b", startDate="yesterday"),
        link("Debt", creditor="a", debtor="b", amount="1", currency="XYZ"),
        link("Debt", creditor="a", debtor="b", amount="1.005", currency="CNY"),
        {"id": "x", "schema": "Debt", "properties": {"creditor": ["a", "b"], "debtor": ["c"]}},
    ],
)
def test_a_bad_entity_is_one_row_of_quarantine(line, tmp_path):
    good = link("Ownership", owner="a", asset="b")
    imported = read_lines(tmp_path, line, good)
    assert imported.facts.relations.num_rows == 1
    assert imported.facts.parties.num_rows == 0
    (bad,) = imported.quarantine.to_pylist()
    assert bad["line"] == 1
    assert bad["reason"]
    assert bad["remedy"]


@given(st.binary(max_size=300))
@QUICK
def test_no_bytes_bring_a_reader_down(tmp_path, data):
    for name in ("relations.csv", "parties.csv", "f.json", "g.graphml"):
        (tmp_path / name).write_bytes(data)
    read_followthemoney(tmp_path / "f.json", ORIGIN)
    graphml.read_graphml(tmp_path / "g.graphml", ORIGIN)
    for read in (columns.read_csv, neo4j.read_neo4j):
        with pytest.raises(InputError):
            read(tmp_path, ORIGIN)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)
ENTITIES = st.fixed_dictionaries(
    {
        "id": st.just("x"),
        "schema": st.sampled_from(["Company", "Ownership", "Debt", "UnknownLink"]),
    },
    optional={
        "properties": st.dictionaries(
            st.sampled_from(
                [
                    "owner",
                    "asset",
                    "creditor",
                    "debtor",
                    "percentage",
                    "startDate",
                    "retrievedAt",
                    "amount",
                    "currency",
                    "role",
                    "name",
                ]
            ),
            VALUES,
        ),
        "headrace": st.one_of(
            VALUES,
            st.dictionaries(st.sampled_from(["relation", "row", "share", "known_time"]), VALUES),
        ),
    },
)


@given(ENTITIES)
@QUICK
def test_no_entity_brings_the_reader_down(tmp_path, entity):
    imported = read_lines(tmp_path, entity)
    found = imported.facts.parties.num_rows + imported.facts.relations.num_rows
    assert found + imported.quarantine.num_rows >= 1


@given(st.lists(st.text(st.sampled_from("ab1,\"\n\r'=.-:ZT é企"), max_size=20), max_size=8))
@QUICK
def test_every_line_of_a_csv_is_read_or_refused(tmp_path, lines):
    write_relations(tmp_path, "relation,subject,object,share,event_time\n" + "\n".join(lines))
    imported = columns.read_csv(tmp_path, ORIGIN)
    assert imported.facts.relations.num_rows == 0  # none of these is a kind of relation
    wanted = [line for line in lines if line.strip("\r\n")]
    assert bool(wanted) <= bool(imported.quarantine.num_rows)


@given(codes)
def test_an_id_takes_every_code_and_gives_it_back(code):
    identity = entity_id(code)
    assert code_of(identity) == code
    assert identity.isascii()
    assert not identity.startswith("rel.")


# ---- cells ----


@given(st.floats(0, 1))
def test_a_percentage_says_a_fraction_exactly(share):
    assert cells.fraction(cells.percent(share)) == share


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020", "2019-12-31T16:00:00Z"),
        ("2020-02", "2020-01-31T16:00:00Z"),
        ("2020-01-01", "2019-12-31T16:00:00Z"),
        ("2020-01-01T08:00:00+08:00", "2020-01-01T00:00:00Z"),
        ("2020-01-01T08:00:00", "2020-01-01T08:00:00Z"),
        ("2020-01-01T08:00:00.5Z", "2020-01-01T08:00:00.500000Z"),
        *((text, None) for text in ("", "20200101", "2020-02-30", "soon", "0000-01-01", "1")),
    ],
)
def test_dates_as_they_are_written(text, expected):
    us = cells.instant(text, "Asia/Shanghai")
    assert (None if us is None else cells.utc_text(us)) == expected


def test_numbers_that_are_none():
    assert cells.fraction("nan") is cells.fraction("many") is None
    assert cells.minor("1.005", 100) is cells.minor("inf", 100) is cells.minor("?", 100) is None
    assert cells.minor("1e30", 100) is None
    assert math.isclose(cells.fraction("33.3 %"), 0.333)

"""The explorer page as a file: safe, alone, equal for equal graphs; and what goes into it."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import numpy as np
import pytest
from explorer_reference import open_ends, reached, spans
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.explorer_sample import XSS, big, hostile, sample
from headrace.adapters.html import part, script_hash
from headrace.adapters.html.explorer import Edge, Finding, Party, Words, render_explorer
from headrace.adapters.html.neighbourhood import neighbourhood
from headrace.errors import InputError
from headrace.facts.kinds import PARTY_TYPES, RELATION, RELATIONS
from headrace.facts.localtime import microseconds
from headrace.graph.relations.snapshot import as_of_us
from headrace.graph.relations.statements import statements_of
from headrace.workflows.graph_near import Reach
from strategies_relations import FIRST_DAY, relation_rows, table

LATE = datetime(2040, 1, 1, tzinfo=UTC)


def page(exploration, language="en"):
    return render_explorer(exploration, language).decode()


def embedded(text, name="model"):
    return json.loads(re.search(rf'id="{name}">(.*?)</script>', text, re.DOTALL)[1])


def test_the_page_asks_nobody_for_anything():
    text = page(sample())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    policy = unescape(policy)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert not re.search(r'(?:src|href)="(?!data:,|#)', text)
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)[1]
    assert script_hash(script).split("sha256-")[1] in policy
    assert "http://" not in script
    assert "https://" not in script


def test_equal_graphs_give_equal_bytes():
    assert render_explorer(sample(), "zh") == render_explorer(sample(), "zh")


def test_no_text_of_the_graph_can_become_markup():
    text = page(hostile())
    assert "<img" not in text
    assert text.count("</script>") == 3  # setup, model, script
    assert embedded(text)["findings"][0]["title"] == {"en": XSS, "zh": XSS}


def test_all_that_proves_an_edge_is_in_the_page():
    model = embedded(page(sample()))
    edges = model["edges"]
    at = edges["fact"].index("registry#2")
    found = {name: values[at] for name, values in edges.items()}
    assert (
        found | {"kind": "owns", "low": 0.25, "high": 0.38, "source": "registry", "row": 2} == found
    )
    assert model["parties"]["code"][found["subject"]] == "P2"
    assert model["parties"]["name"][model["focus"]] == "江州华泰钢铁有限公司"
    assert model["findings"][0]["edges"] == [11, 12, 13]
    assert model["left_out"] is None


def test_a_page_of_the_largest_size_stays_small():
    assert len(render_explorer(big(), "zh")) < 800_000


def test_every_word_is_there_in_both_languages():
    texts = json.loads(part("explorer_texts.json"))
    assert all(set(each) == {"en", "zh"} and all(each.values()) for each in texts.values())
    for kind in RELATIONS:
        assert f"kind_{kind}" in texts
    for name in (*PARTY_TYPES, "unknown", "attribute", "chain_node"):
        assert f"type_{name}" in texts
    scripts = "".join(
        part(f"js/explorer/{name}.js") for name in ("panel", "page", "drawing", "data")
    )
    for key in re.findall(r'\bt\("(\w+)"', scripts):
        assert key in texts, key


def finding(**said):
    words = Words("a", "b")
    return Finding(**{"kind": "group", "title": words, "words": words, "members": (), **said})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parties": (Party("C2"), Party("C2"))}, "two parties have one code"),
        ({"edges": (Edge("owns", "C1", "nobody"),)}, "no party has the code 'nobody'"),
        ({"edges": (Edge("likes", "C1", "C2"),)}, "no relation is called 'likes'"),
        ({"findings": (finding(members=("nobody",)),)}, "no party has the code"),
        ({"findings": (finding(edges=(99,)),)}, "there is no edge 99"),
        ({"focus": "nobody"}, "no party has the code"),
        ({"currency": "XYZ"}, "no currency 'XYZ'"),
    ],
)
def test_a_graph_that_cannot_be_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        render_explorer(replace(sample(), **change), "en")


def test_another_language_is_refused():
    with pytest.raises(InputError, match="no page in the language 'fr'"):
        render_explorer(sample(), "fr")


# ---- what is cut out of a large graph ----

STATEMENTS = st.lists(relation_rows(), min_size=1, max_size=10).map(
    lambda rows: statements_of(
        table([{**row, "statement": (row["statement"] or "s")[:1]} for row in rows], RELATION)
    )
)


@given(STATEMENTS, st.integers(0, 10**14))
@settings(max_examples=60, deadline=None)
def test_edges_stand_when_the_snapshot_says_so(statements, late):
    known = microseconds(FIRST_DAY) + late
    moment = datetime.fromtimestamp(known / 1e6, UTC)
    everybody = statements.parties.codes.to_pylist()
    found = neighbourhood(statements, everybody, moment, Reach(0))
    expected = spans(statements, microseconds(moment))
    assert found.version.tolist() == sorted(expected)
    for edge, version in zip(found.edges, found.version.tolist(), strict=True):
        assert (edge.since, edge.until) == open_ends(*expected[version])
    for at in {*statements.since.tolist(), *statements.until.tolist(), known}:
        standing = as_of_us(statements, at, microseconds(moment))
        stand = [v for v, (since, until) in sorted(expected.items()) if since <= at < until]
        assert standing.version.tolist() == stand


@given(STATEMENTS, st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_neighbourhood_is_all_within_the_depth(statements, depth):
    start = statements.parties.codes[int(statements.subject[0])].as_py()
    found = neighbourhood(statements, [start], LATE, Reach(depth))
    expected = spans(statements, microseconds(LATE))
    ends = [(int(statements.subject[v]), int(statements.object[v])) for v in expected]
    inside = reached(ends, [int(statements.subject[0])], depth)
    assert {party.code for party in found.parties} == {
        statements.parties.codes[node].as_py() for node in inside
    }
    assert found.parties[0].code == start
    assert len(found.edges) == sum(a in inside and b in inside for a, b in ends)
    assert found.left_out is None


def star(points=50):
    """One payer, many payees, the later the more; each owns a little of the next."""
    rows = [
        {"relation": "transfers", "subject": "hub", "object": f"p{n}", "amount_minor": n}
        for n in range(points)
    ]
    rows += [
        {"relation": "owns", "subject": f"p{n}", "object": f"p{n + 1}", "share": 0.1}
        for n in range(points - 1)
    ]
    return statements_of(table(rows, RELATION))


def test_of_many_the_largest_amounts_are_kept_and_the_rest_is_told():
    found = neighbourhood(star(), ["hub"], LATE, Reach(1, parties=11, edges=15))
    assert [party.code for party in found.parties] == ["hub", *(f"p{n}" for n in range(49, 39, -1))]
    assert len(found.edges) == 15
    assert sum(edge.kind == "transfers" for edge in found.edges) == 10
    assert (found.left_out.parties, found.left_out.edges) == (40, 50 + 49 - 15)


def test_an_edge_of_the_page_names_its_fact():
    found = neighbourhood(star(3), ["hub"], LATE)
    (edge, *_) = found.edges
    assert (edge.fact, edge.source, edge.row) == ("file#1", "file", 1)
    assert (edge.amount_minor, edge.low, edge.since, edge.until) == (0, None, None, None)
    assert np.array_equal(found.version, np.arange(5))


def test_a_code_that_is_not_in_the_graph_is_an_error():
    with pytest.raises(InputError, match="no party has the code 'nobody'"):
        neighbourhood(star(), ["nobody"], LATE)

"""The graph of stored facts as of two moments; looking parties up; relations and sums in words."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from headrace.errors import InputError
from headrace.facts.kinds import KINDS
from headrace.graph.relations.kinds import Kind, Type
from headrace.workflows.graph_build import about
from headrace.workflows.graph_features import defaulted, features_of, firms
from headrace.workflows.graph_view import earlier, edge_rows, event_sums, find, graph_view

NOW = datetime(2024, 6, 1, tzinfo=UTC)
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def day(number):
    """A day of the story; None stays None."""
    return None if number is None else FIRST + timedelta(days=number)


class Stored:
    """Facts in memory: kind -> rows; days are numbers."""

    def __init__(self, **rows):
        self._tables = {kind: _table(kind, rows.get(kind, ())) for kind in KINDS}

    def read(self, kind):
        """All facts of a kind."""
        return self._tables[kind]


def _table(kind, rows):
    schema = KINDS[kind].arrow
    plain = [
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in schema
    ]
    common = {"source": "file", "purpose": "test", "consent": "test", "currency": "CNY"}
    whole = [
        {
            **common,
            "id": f"{kind}#{number}",
            "row": number,
            **{key: day(value) if key in TIMES else value for key, value in row.items()},
        }
        for number, row in enumerate(rows, 1)
    ]
    return pa.Table.from_pylist(whole, pa.schema(plain)).cast(schema)


TIMES = ("event_time", "known_time", "valid_to")


def relation(kind, subject, object_, **rest):
    return {"relation": kind, "subject": subject, "object": object_, **rest}


STORY = Stored(
    party=[
        {"party": "S1", "name": "华安电子有限公司", "type": "company"},
        {"party": "S10", "name": "Ｈｕａａｎ Trade", "type": "company"},
        {"party": "P1", "name": "王某", "type": "person"},
    ],
    relation=[
        relation("owns", "P1", "S1", share=0.6, event_time=0, known_time=0),
        relation("guarantees", "S1", "S10", amount_minor=500, event_time=10, known_time=12),
        relation("transfers", "S1", "S10", amount_minor=7, event_time=5, known_time=5),
        relation("transfers", "S1", "S10", amount_minor=8, event_time=6, known_time=6),
        relation("transfers", "S10", "S1", event_time=7, known_time=7),
    ],
    credit_record=[
        {"party": "S10", "outcome": "default", "known_time": 30},
        {"party": "S1", "outcome": "repaid", "known_time": 1},
    ],
    loan_event=[
        {"party": "S1", "act": "repay", "grade": "special_mention", "known_time": 20},
        {"party": "S1", "act": "classified", "grade": "substandard", "known_time": 40},
        {"party": "S3", "act": "writeoff", "known_time": 50},
    ],
)


def kinds(view):
    return sorted(Kind(each).name.lower() for each in view.snapshot.kind.tolist())


def test_without_a_day_the_last_that_became_known_is_asked_about():
    view = graph_view(STORY, None, None, NOW)
    assert view.moment == view.known == day(12)
    assert kinds(view) == ["guarantees", "owns", "transfers", "transfers", "transfers"]


def test_what_was_true_and_what_was_known_are_two_days():
    begun = graph_view(STORY, day(11), None, NOW)
    assert "guarantees" not in kinds(begun), "given on day 10, heard of on day 12"
    assert "guarantees" in kinds(graph_view(STORY, day(11), day(12), NOW))
    assert "guarantees" not in kinds(graph_view(STORY, day(9), day(12), NOW))
    assert begun.known == begun.moment


def test_facts_that_say_no_time_are_there_now():
    timeless = Stored(relation=[relation("owns", "P1", "S1", share=0.5)])
    view = graph_view(timeless, None, None, NOW)
    assert view.moment == NOW
    assert kinds(view) == ["owns"]


def test_no_fact_at_all_is_said():
    with pytest.raises(InputError, match="no fact of kind relation, invoice or exposure") as said:
        graph_view(Stored(), None, None, NOW)
    assert "quarantine" in said.value.remedy


def test_the_nearest_is_found_first_whatever_the_width_of_its_letters():
    view = graph_view(STORY, None, None, NOW)
    assert [row["party"] for row in find(view, "s1", 9).to_pylist()] == ["S1", "S10"]
    assert [row["party"] for row in find(view, "huaan", 9).to_pylist()] == ["S10"]
    assert [row["party"] for row in find(view, "电子", 9).to_pylist()] == ["S1"]
    assert find(view, "S", 1).num_rows == 1
    assert find(view, "nobody", 9).num_rows == 0
    (person,) = find(view, " 王某 ", 9).to_pylist()
    assert person == {"party": "P1", "name": "王某", "type": "person", "relations": 1}


def test_what_a_relation_does_not_say_is_none_and_not_zero():
    view = graph_view(STORY, None, None, NOW)
    edges = np.argsort(view.snapshot.kind).tolist()
    rows = {row["fact"]: row for row in edge_rows(view.snapshot, edges)}
    owned, given, unstated = (rows[f"relation#{number}"] for number in (1, 2, 5))
    assert owned["share"] == [0.6, 0.6]
    assert owned["amount_minor"] is None
    assert owned["subject_name"] == "王某"
    assert given["share"] is None
    assert given["amount_minor"] == 500
    assert given["since"] == day(10).isoformat()
    assert given["until"] is given["role"] is given["about"] is None
    assert unstated["amount_minor"] is None


def test_events_between_two_parties_are_summed_each_way():
    snapshot = graph_view(STORY, None, None, NOW).snapshot
    edges = np.flatnonzero(snapshot.kind == Kind.TRANSFERS).tolist()
    there, back = event_sums(snapshot, edges)
    assert (there["subject"], there["object"]) == ("S1", "S10")
    assert (there["count"], there["amount_minor"]) == (2, 15)
    assert (there["first"], there["last"]) == (day(5).isoformat(), day(6).isoformat())
    assert (back["count"], back["amount_minor"]) == (1, None), "an unknown sum is not zero"
    assert event_sums(snapshot, []) == []


def test_who_is_bad_is_who_was_known_to_be():
    assert defaulted(STORY, day(29)) == []
    assert defaulted(STORY, day(30)) == ["S10"]
    assert defaulted(STORY, day(40)) == ["S1", "S10"], "a class of the book is news as well"
    assert defaulted(STORY, day(50)) == ["S1", "S10", "S3"]
    assert firms(STORY, day(999)) == ["S1", "S10"], "a person is no firm"


def test_features_of_a_day_do_not_know_a_later_default():
    before, after = (
        {
            row["party"]: row
            for row in features_of(STORY, graph_view(STORY, at, at, NOW)).to_pylist()
        }
        for at in (day(29), day(30))
    )
    assert set(before) == {"S1", "S10"}
    assert before["S1"]["bad_count_1"] == 0
    assert after["S1"]["bad_count_1"] == 1
    assert before["S1"]["as_of"] == day(29)
    (one,) = features_of(STORY, graph_view(STORY, day(30), None, NOW), ["S10"]).to_pylist()
    assert one == after["S10"]


TRADING = Stored(
    party=[
        {"party": "S1", "name": "华安电子有限公司", "type": "company", "known_time": 0},
        {"party": "P1", "name": "王某", "type": "person", "known_time": 20},
    ],
    relation=[relation("owns", "P1", "S1", share=0.6, event_time=0, known_time=0)],
    invoice=[
        {"party": "S1", "direction": "sale", "counterparty": "B9", "event_time": at,
         "known_time": at, "amount_minor": 500, "number": str(at), "status": "valid"}
        for at in (3, 4)
    ],
    correction=[
        {"corrects": "invoice#2", "event_time": 15, "known_time": 15, "kind": "void"},
    ],
    exposure=[
        {"party": "S1", "product": "loan", "amount_minor": amount, "event_time": at,
         "known_time": at}
        for amount, at in ((100, 5), (900, 25))
    ],
)  # fmt: skip


def test_without_invoices_the_same_parties_are_there_and_nothing_else_is_missing():
    whole = graph_view(TRADING, day(30), None, NOW)
    light = graph_view(TRADING, day(30), None, NOW, trading=False)
    assert (kinds(whole), kinds(light)) == (["owns", "trades"], ["owns"])
    assert light.snapshot.names.to_pylist() == whole.snapshot.names.to_pylist()
    assert light.exposures.equals(whole.exposures)
    assert (light.moment, light.known) == (whole.moment, whole.known)
    assert light.snapshot.node("B9") >= 0, "an invoice names it"
    undated = graph_view(TRADING, None, None, NOW, trading=False)
    assert undated.moment == graph_view(TRADING, None, None, NOW).moment == day(25)


def test_an_earlier_view_knows_nothing_that_became_known_later():
    later = graph_view(TRADING, day(30), None, NOW, trading=False)
    before = earlier(TRADING, later, day(10))
    assert before.exposures["amount_minor"].to_pylist() == [100], "the other was lent later"
    assert later.exposures["amount_minor"].to_pylist() == [100, 900]
    person = later.snapshot.node("P1")
    assert Type(int(later.snapshot.type_of[person])) is Type.PERSON
    assert Type(int(before.snapshot.type_of[person])) is Type.UNKNOWN
    assert before.snapshot.parties.names[person].as_py() is None
    alone = graph_view(TRADING, day(10), None, NOW, trading=False)
    assert kinds(before) == kinds(alone)
    assert before.snapshot.fact.to_pylist() == alone.snapshot.fact.to_pylist()
    assert before.exposures.equals(alone.exposures)
    assert before.statements.fact is later.statements.fact, "so that they can be compared"


def test_invoices_of_one_moment_are_not_taken_for_those_of_another():
    as_corrected = graph_view(TRADING, day(30), None, NOW)
    assert len(as_corrected.snapshot) == 2, "one of two invoices was voided on day 15"
    assert len(graph_view(TRADING, day(10), None, NOW).snapshot) == 3
    with pytest.raises(ValueError, match="invoices of one moment"):
        earlier(TRADING, as_corrected, day(10))


class Notes:
    """A folder in memory."""

    def __init__(self, **files):
        self._files = {f"{name}.json": data for name, data in files.items()}

    def names(self):
        """Its files."""
        return sorted(self._files)

    def read(self, name):
        """The content of one."""
        return self._files[name]

    def digest(self, name):
        """Not asked for here."""
        raise AssertionError(name)

    def write(self, name, data):
        """Nothing is written here."""
        raise AssertionError(name)


def note(**values):
    told = {"source": "bank", "simulated": False, "time_zone": "Asia/Tokyo", **values}
    return json.dumps(told).encode()


def test_a_folder_says_where_its_facts_came_from():
    assert about(Notes()).zone == "Asia/Shanghai"
    assert about(Notes(run=note(simulated=True))).simulated is True
    both = about(Notes(graph=note(), run=note(source="run")))
    assert (both.source, both.simulated, both.zone) == ("bank", False, "Asia/Tokyo")


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, note(time_zone="../x")]
)
def test_a_note_that_cannot_be_read_is_named(data):
    with pytest.raises(InputError, match="cannot be read") as said:
        about(Notes(graph=data))
    assert said.value.where == "graph.json"
    assert "again" in said.value.remedy

"""Facts that programs send: checked as those of an export, under ids of their own."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.facts.arrivals import (
    Reception,
    Sent,
    arrived,
    check_columns,
    repeated,
    required,
    schema_of,
)
from headrace.facts.kinds import CREDIT_RECORD, INVOICE, MAPPABLE, PARTY

NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
HOW = Reception("CNY", "Asia/Shanghai", NOW, "body")
STATED = {"id": "1", "source": "erp", "purpose": "credit_assessment", "consent": "c1"}
INVOICE_ROW = STATED | {
    "event_time": "2026-06-01",
    "party": "E1",
    "counterparty": "C1",
    "direction": "sale",
    "number": "00012",
    "amount_minor": "100",
    "tax_minor": "13",
    "total_minor": "113",
    "currency": "CNY",
    "status": "valid",
}


def sent(*rows, numbers=None):
    """Rows as text columns."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    return Sent(pa.table(columns), np.array(numbers or range(1, len(rows) + 1), dtype=np.int64))


def test_a_row_is_a_fact_under_its_own_id():
    found = arrived(sent(INVOICE_ROW), INVOICE, HOW)
    row = found.facts.to_pylist()[0]
    assert found.quarantine.num_rows == 0
    assert found.facts.schema == INVOICE.arrow
    assert (row["id"], row["source"], row["row"]) == ("api/erp#1", "api/erp", 1)
    assert (row["purpose"], row["consent"]) == ("credit_assessment", "c1")
    assert (row["amount_minor"], row["number"]) == (100, "00012")
    assert row["event_time"] == datetime(2026, 5, 31, 16, tzinfo=UTC)


def test_a_time_of_knowing_that_is_not_said_is_the_evening_of_the_event_or_now():
    rows = [
        INVOICE_ROW,
        INVOICE_ROW | {"id": "2", "known_time": "2026-06-03T08:00:00Z"},
        INVOICE_ROW | {"id": "3", "event_time": "2026-06-30"},
    ]
    known = arrived(sent(*rows), INVOICE, HOW).facts["known_time"].to_pylist()
    assert known[0] == datetime(2026, 6, 1, 15, 59, 59, 999_999, tzinfo=UTC)
    assert known[1] == datetime(2026, 6, 3, 8, tzinfo=UTC)
    assert known[2] == NOW, "of today, and here: it is known, whatever the evening brings"
    party = arrived(sent(STATED | {"party": "E1"}), PARTY, HOW).facts
    assert party["known_time"].to_pylist() == [NOW], "what came today was not known before"


@pytest.mark.parametrize(
    ("change", "column", "rule"),
    [
        ({"id": None}, "id", "missing_required"),
        ({"source": " "}, "source", "missing_required"),
        ({"purpose": None}, "purpose", "missing_required"),
        ({"consent": ""}, "consent", "missing_required"),
        ({"event_time": "2026-13-01"}, "event_time", "bad_date"),
        ({"amount_minor": "1.5"}, "amount_minor", "more_than_two_decimals"),
        ({"direction": "sideways"}, "direction", "unknown_choice"),
        ({"total_minor": "999"}, "amount_minor, tax_minor, total_minor", "total_mismatch"),
        ({"currency": "USD"}, "currency", "foreign_currency"),
    ],
)
def test_a_bad_row_is_in_quarantine_with_its_reason_and_the_rest_is_not_lost(change, column, rule):
    good = INVOICE_ROW | {"id": "9"}
    found = arrived(sent(INVOICE_ROW | change, good, numbers=[4, 7]), INVOICE, HOW)
    assert found.facts["id"].to_pylist() == ["api/erp#9"]
    line = found.quarantine.to_pylist()[0]
    assert (line["row"], line["rule"]) == (4, rule)
    assert set(line["column"].split(", ")) <= set(column.split(", "))
    assert line["reason"]
    assert line["reason_zh"]


def test_all_reasons_of_a_row_are_told():
    bad = INVOICE_ROW | {"consent": None, "event_time": "never"}
    rules = arrived(sent(bad), INVOICE, HOW).quarantine["rule"].to_pylist()
    assert sorted(rules) == ["bad_date", "missing_required"]


def test_columns_are_those_of_the_kind():
    with pytest.raises(InputError, match=r"`amount` is no column.*Did you mean `amount_minor`"):
        check_columns([*required(INVOICE), "amount"], INVOICE)
    with pytest.raises(InputError, match="there is no column `consent`"):
        check_columns([name for name in required(PARTY) if name != "consent"], PARTY)
    with pytest.raises(InputError, match="`party` is there twice"):
        check_columns([*required(PARTY), "party"], PARTY)
    with pytest.raises(InputError, match="`correction` is no kind of fact that can be sent"):
        schema_of("correction")


def test_a_column_of_lists_is_refused():
    row = sent(STATED | {"party": "E1"})
    for name in ("consent", "name"):
        columns = row.columns.drop_columns([each for each in [name] if each in STATED])
        columns = columns.append_column(name, pa.array([["a"]]))
        with pytest.raises(InputError, match="not plain values"):
            arrived(Sent(columns, row.rows), PARTY, HOW)


def test_typed_columns_are_read_as_they_are():
    table = pa.table(
        {name: pa.array([text]).dictionary_encode() for name, text in STATED.items()}
        | {"party": ["E1"], "capital_minor": pa.array([12_345], pa.int64())}
    )
    facts = arrived(Sent(table, np.array([1])), PARTY, HOW).facts
    assert facts["capital_minor"].to_pylist() == [12_345]


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_a_fact_is_repeated_where_its_id_was_there_before(ids):
    again = repeated(pa.table({"id": pa.array(ids, pa.string())}))
    assert again.tolist() == [each in ids[:at] for at, each in enumerate(ids)]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=8))
def test_every_row_is_a_fact_or_in_quarantine(flaws):
    rows = [
        STATED
        | {"id": str(at), "party": None if bad else "E1", "outcome": "odd" if odd else "repaid"}
        | ({"consent": None} if dumb else {})
        for at, (bad, odd, dumb) in enumerate(flaws)
    ]
    if not rows:
        return
    found = arrived(sent(*rows), CREDIT_RECORD, HOW)
    quarantined = set(found.quarantine["row"].to_pylist())
    kept = set(found.facts["row"].to_pylist())
    assert quarantined == {at + 1 for at, each in enumerate(flaws) if any(each)}
    assert kept == set(range(1, len(rows) + 1)) - quarantined


def test_what_a_kind_requires_is_what_its_schema_says():
    for schema in MAPPABLE.values():
        assert {"id", "source", "purpose", "consent"} <= set(required(schema))
        assert ("event_time" in required(schema)) == schema.dated

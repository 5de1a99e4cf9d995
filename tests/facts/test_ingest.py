"""From tables to facts: each row is accepted, a duplicate or in quarantine, and all is told."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import InputError, MappingError
from headrace.facts.ingest import Coverage, Ingested, Reconciliation, ingest
from headrace.facts.kinds import INVOICE, KINDS
from headrace.facts.mapping import SourceMapping, parse_mapping
from headrace.facts.rows import AbsentTable, RaggedRow, SourceTable, read_table

TOP = """
name = "a bank"
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = "contract 12"
"""
BUY = """
[[table]]
file = "buy"
fact = "invoice"
constants = { direction = "purchase" }
columns = { party = "P", number = "No", event_time = "D", counterparty = "C", amount = "A", \
tax = "T", total = "S", status = "St" }
values.status = { "有效" = "valid", "作废" = "voided" }
number_width = 8
"""
FIRMS = """
[[table]]
file = "firms"
fact = "party"
columns = { party = "P", name = "N" }
"""
HEADER = ("P", "No", "D", "C", "A", "T", "S", "St")
GOOD = ("E1", "1", "2019-01-31", "X", "100", "13", "113", "有效")


def mapping(*tables: str, top: str = TOP) -> SourceMapping:
    return parse_mapping(top + "".join(tables), "mapping.toml")


def row(**changed: str | None) -> tuple[str | None, ...]:
    return tuple(changed.get(name, cell) for name, cell in zip(HEADER, GOOD, strict=True))


def source(
    of: SourceMapping, place: int, rows: list[tuple], header: tuple[str, ...]
) -> SourceTable:
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(header)
    columns = [pa.array(list(column), pa.string()) for column in cells]
    table = of.tables[place]
    return SourceTable(table, f"{table.file}.csv", pa.table(columns, names=list(header)))


def bought(*rows: tuple, top: str = TOP, extra: str = "") -> Ingested:
    of = mapping(BUY + extra, top=top)
    return ingest([source(of, 0, list(rows), HEADER)], of)


def noted(found: Ingested) -> dict[str, tuple[int, str]]:
    return {note.rule.name: (note.rows, note.example) for note in found.notes}


def quarantined(found: Ingested) -> list[tuple[int, str, str | None, str]]:
    lines = found.quarantine.to_pylist()
    return [(line["row"], line["column"], line["value"], line["rule"]) for line in lines]


def test_a_row_becomes_a_fact_with_two_times_a_source_and_a_permission() -> None:
    [fact] = bought(row()).facts["invoice"].to_pylist()
    assert fact == {
        "id": "buy#1",
        "source": "buy",
        "row": 1,
        "event_time": datetime(2019, 1, 30, 16, tzinfo=UTC),
        "known_time": datetime(2019, 1, 31, 15, 59, 59, 999999, tzinfo=UTC),
        "party": "E1",
        "counterparty": "X",
        "direction": "purchase",
        "number": "00000001",
        "amount_minor": 10000,
        "tax_minor": 1300,
        "total_minor": 11300,
        "currency": "CNY",
        "status": "valid",
        "voided_time": None,
        "corrects_number": None,
        "purpose": "credit_assessment",
        "consent": "contract 12",
    }


QUARANTINED = [
    ({"P": ""}, "P", None, "missing_required"),
    ({"A": None}, "A", None, "missing_required"),
    ({"A": "１0O"}, "A", "１0O", "bad_number"),
    ({"T": "13.001"}, "T", "13.001", "more_than_two_decimals"),
    ({"D": "2019-02-30"}, "D", "2019-02-30", "bad_date"),
    ({"D": "01/02/2019"}, "D", "01/02/2019", "ambiguous_date"),
    ({"No": "1.2E+19"}, "No", "1.2E+19", "damaged_code"),
    ({"St": "异常"}, "St", "异常", "unknown_choice"),
    ({"S": "113.02"}, "A, T, S", "100, 13, 113.02", "total_mismatch"),
    ({"T": "-13", "S": "87"}, "A, T", "100, -13", "sign_mismatch"),
    ({"D": "2020-02-22"}, "D", "2020-02-22", "future_date"),
]


@pytest.mark.parametrize(("changed", "column", "value", "rule"), QUARANTINED, ids=str)
def test_a_bad_row_goes_to_quarantine_and_the_rest_goes_on(
    changed: dict, column: str, value: str | None, rule: str
) -> None:
    top = TOP + "extracted_on = 2020-02-21\n"
    found = bought(row(No="7"), row(**changed), row(No="8"), top=top)
    assert quarantined(found) == [(2, column, value, rule)]
    assert found.facts["invoice"]["id"].to_pylist() == ["buy#1", "buy#3"]
    assert found.reconciliation == (Reconciliation("buy", "invoice", "buy.csv", 3, 2, 0, 1),)
    [line] = found.quarantine.to_pylist()
    assert (line["source"], line["file"]) == ("buy", "buy.csv")
    assert line["reason"]
    assert line["reason_zh"]


def test_a_row_with_two_faults_tells_both_and_counts_once() -> None:
    found = bought(row(A="x", D="y"))
    assert {rule for *_, rule in quarantined(found)} == {"bad_number", "bad_date"}
    assert found.reconciliation[0].quarantined == 1


def test_rows_without_consent_go_to_quarantine_and_say_no_more_than_that() -> None:
    of = mapping(BUY)
    tables = [source(of, 0, [row(), row(No="2"), row(A="x")], HEADER)]
    assert ingest(tables, of, {"contract 13"}).quarantine.num_rows == 1, "nobody's consent"
    found = ingest(tables, of, {"contract 12"})
    assert found.facts["invoice"].num_rows == 0
    assert quarantined(found) == [
        (3, "A", "x", "bad_number"),
        (1, "consent", "contract 12", "consent_withdrawn"),
        (2, "consent", "contract 12", "consent_withdrawn"),
    ]
    assert found.reconciliation == (Reconciliation("buy", "invoice", "buy.csv", 3, 0, 0, 3),)
    assert noted(found)["consent_withdrawn"] == (2, "contract 12")


def test_of_rows_that_were_read_before_each_one_without_consent_counts() -> None:
    """What came by the API is numbered batch by batch: a number may come twice."""
    of = mapping(BUY)
    one = read_table(source(of, 0, [row()], HEADER), of)
    facts = pa.concat_tables([one.facts, one.facts, one.facts]).unify_dictionaries()
    place = facts.column_names.index("id")
    facts = facts.set_column(place, "id", pa.array(["a", "b", "c"]))
    consents = pa.array(["c1", "c2", "c1"]).dictionary_encode()
    facts = facts.set_column(facts.column_names.index("consent"), "consent", consents)
    found = ingest([replace(one, facts=facts, rows=3)], of, {"c1"})
    assert found.facts["invoice"]["id"].to_pylist() == ["b"]
    assert found.reconciliation == (Reconciliation("buy", "invoice", "buy.csv", 3, 1, 0, 2),)


def test_equal_rows_are_duplicates_that_name_the_one_kept() -> None:
    again = row(No="00000001", St=" 有效", A="100.00")
    found = bought(row(), row(No="2"), again, row())
    assert found.duplicates.to_pylist() == [
        {
            "id": f"buy#{number}",
            "kind": "invoice",
            "source": "buy",
            "row": number,
            "kept": "buy#1",
            "rule": "exact_duplicate",
        }
        for number in (3, 4)
    ]
    assert found.reconciliation[0] == Reconciliation("buy", "invoice", "buy.csv", 4, 2, 2, 0)


def test_rows_that_differ_in_a_column_nobody_mapped_are_no_duplicates() -> None:
    of = mapping(BUY)
    rows = [(*row(), "螺丝"), (*row(), "螺母"), (*row(), " 螺丝 "), (*row(), None)]
    found = ingest([source(of, 0, rows, (*HEADER, "货物名称"))], of)
    assert found.duplicates["id"].to_pylist() == ["buy#3"]


def test_two_exports_that_overlap_give_each_invoice_once() -> None:
    of = mapping(BUY, BUY.replace('"buy"', '"buy_later"'))
    first = source(of, 0, [row(No="1"), row(No="2")], HEADER)
    second = source(of, 1, [row(No="2"), row(No="3")], HEADER)
    found = ingest([second, first], of)
    assert found.facts["invoice"]["id"].to_pylist() == ["buy#1", "buy#2", "buy_later#2"]
    assert found.duplicates["kept"].to_pylist() == ["buy#2"]
    assert [account.duplicates for account in found.reconciliation] == [1, 0]


def test_what_was_changed_or_is_odd_is_noted_with_a_case() -> None:
    rows = (row(No="7", A="1,000", T="130", S="1130.01"), row(No="8", A="0", T="0", S="0"))
    found = noted(bought(*rows, row(No="7", C="Y")))
    assert found["money_notation"] == (1, "'1,000' -> '1000.00'")
    assert found["pad_number"] == (3, "'7' -> '00000007'")
    assert found["total_rounding"] == (1, "number 00000007")
    assert found["zero_amount"] == (1, "number 00000008")
    assert found["number_not_unique"] == (2, "00000007")


def test_a_note_on_cells_names_their_column() -> None:
    found = bought(row(A="1,000", S="1,013"), row(A="7", T="x"))
    told = {(note.rule.name, note.column) for note in found.notes}
    assert {("money_notation", "A"), ("money_notation", "S"), ("pad_number", "No")} <= told


def test_parties_and_invoices_are_compared() -> None:
    of = mapping(FIRMS, BUY)
    firms = [("E1", "***公司"), ("E2", "***公司"), ("E2", "乙公司"), ("E3", None)]
    tables = [
        source(of, 0, firms, ("P", "N")),
        source(of, 1, [row(), row(P="E9")], HEADER),
    ]
    found = noted(ingest(tables, of))
    assert found["masked_name"] == (2, "***公司")
    assert found["repeated_name"] == (2, "***公司")
    assert found["party_described_twice"] == (2, "E2")
    assert found["party_without_invoices"] == (3, "E2")
    assert found["invoice_of_unknown_party"] == (1, "E9")


def test_without_party_tables_no_invoice_is_called_unknown() -> None:
    assert "invoice_of_unknown_party" not in noted(bought(row()))


def test_facts_are_sorted_by_event_source_and_row_and_those_without_a_time_come_last() -> None:
    found = bought(row(D="2019-03-01", No="1"), row(D="2019-01-01", No="2"), row(No="3"))
    assert found.facts["invoice"]["id"].to_pylist() == ["buy#2", "buy#3", "buy#1"]
    assert found.coverage == (
        Coverage("buy", "invoice", "2018-12-31T16:00:00+00:00", "2019-02-28T16:00:00+00:00"),
    )


def test_the_third_amount_follows_and_is_noted() -> None:
    for left, text in (
        ("amount", 'amount = "A", '),
        ("tax", 'tax = "T", '),
        ("total", 'total = "S", '),
    ):
        of = mapping(BUY.replace(text, ""))
        found = ingest([source(of, 0, [row(), row(A="x", T="x", S="x")], HEADER)], of)
        [fact] = found.facts["invoice"].to_pylist()
        assert (fact["amount_minor"], fact["tax_minor"], fact["total_minor"]) == (
            10000,
            1300,
            11300,
        )
        assert noted(found)["derived_amount"][1].startswith(left)


VOIDED = ', voided_time = "V", currency = "Cur" }'


@pytest.mark.parametrize(
    ("status", "voided", "currency", "rule"),
    [
        ("作废", "2019-02-01", "CNY", None),
        ("作废", "", "CNY", None),
        ("作废", "2019-01-30", "CNY", "void_before_issue"),
        ("有效", "2019-02-01", "CNY", "void_time_on_valid"),
        ("有效", "", "USD", "foreign_currency"),
        ("有效", "", "", "missing_required"),
    ],
)
def test_voids_and_currencies(status: str, voided: str, currency: str, rule: str | None) -> None:
    of = mapping(BUY.replace(', status = "St" }', ', status = "St"' + VOIDED))
    rows = [(*row(St=status), voided, currency)]
    found = ingest([source(of, 0, rows, (*HEADER, "V", "Cur"))], of)
    assert [name for *_, name in quarantined(found)] == ([rule] if rule else [])
    assert found.corrections.num_rows == (0 if rule else 1)


def test_a_mapped_known_time_is_used_and_an_extraction_dates_what_has_no_event() -> None:
    of = mapping(BUY.replace(', status = "St" }', ', status = "St", known_time = "K" }'))
    times = ["2019-03-05", "2019-03-05 09:30", "2019-01-30"]
    rows = [(*row(No=str(number)), time) for number, time in enumerate(times)]
    found = ingest([source(of, 0, rows, (*HEADER, "K"))], of)
    assert found.facts["invoice"]["known_time"].to_pylist() == [
        datetime(2019, 3, 5, 15, 59, 59, 999999, tzinfo=UTC),  # a bare day: when it is over
        datetime(2019, 3, 5, 1, 30, tzinfo=UTC),
    ]
    assert [rule for *_, rule in quarantined(found)] == ["known_before_event"]
    firms = mapping(FIRMS, top=TOP + "extracted_on = 2020-02-21\n")
    [party] = (
        ingest([source(firms, 0, [("E1", "甲")], ("P", "N"))], firms).facts["party"].to_pylist()
    )
    assert party["event_time"] is None
    assert party["known_time"] == datetime(2020, 2, 21, 15, 59, 59, 999999, tzinfo=UTC)


def test_amounts_in_fen_and_typed_columns() -> None:
    of = mapping(BUY + 'unit = "minor"\n')
    columns = {
        "P": ["E1"],
        "No": [7],
        "D": [date(2019, 1, 31)],
        "C": ["X"],
        "A": [10000],
        "T": [1300.0],
        "S": ["11300"],
        "St": ["有效"],
    }
    table = SourceTable(of.tables[0], "buy.parquet", pa.table(columns))
    [fact] = ingest([table], of).facts["invoice"].to_pylist()
    assert (fact["amount_minor"], fact["tax_minor"], fact["total_minor"]) == (10000, 1300, 11300)
    assert fact["number"] == "00000007"


def test_ragged_rows_are_in_quarantine_with_their_text() -> None:
    of = mapping(BUY)
    table = source(of, 0, [row(No="1"), row(No="2")], HEADER)
    ragged = replace(table, rows=pa.array([1, 3]).to_numpy(), ragged=(RaggedRow(2, "E1,7"),))
    found = ingest([ragged], of)
    assert quarantined(found) == [(2, "", "E1,7", "ragged_row")]
    assert found.facts["invoice"]["row"].to_pylist() == [1, 3]
    assert found.reconciliation[0].rows == 3


def test_an_empty_table_is_accepted_and_said() -> None:
    found = bought()
    assert noted(found) == {"empty_table": (0, "buy.csv")}
    assert found.reconciliation == (Reconciliation("buy", "invoice", "buy.csv", 0, 0, 0, 0),)
    assert found.coverage == (Coverage("buy", "invoice", "", ""),)
    for kind, facts in found.facts.items():
        assert facts.schema == KINDS[kind].arrow


def test_an_optional_table_may_be_absent_or_have_the_wrong_header() -> None:
    of = mapping(BUY + "optional = true\n", FIRMS)
    absent = AbsentTable(of.tables[0], "there is no file `buy`")
    firms = source(of, 1, [("E1", "甲")], ("P", "N"))
    found = ingest([absent, firms], of)
    assert noted(found)["optional_table_absent"] == (0, "there is no file `buy`")
    assert len(found.reconciliation) == 1
    wrong = source(of, 0, [("1",)], ("Q",))
    assert "no column for party" in noted(ingest([wrong, firms], of))["optional_table_absent"][1]


def test_a_wrong_header_stops_the_run_where_the_table_is_needed() -> None:
    of = mapping(BUY)
    with pytest.raises(InputError, match="no column for party"):
        ingest([source(of, 0, [("1",)], ("Q",))], of)


def test_a_column_of_lists_is_refused_by_name() -> None:
    of = mapping(FIRMS)
    nested = pa.table({"P": [["E1"]], "N": ["x"]})
    with pytest.raises(InputError, match="`P` holds list"):
        ingest([SourceTable(of.tables[0], "firms.parquet", nested)], of)
    rest = pa.table({"P": ["E1", "E1"], "N": ["x", "x"], "tags": [["a"], ["b"]]})
    found = ingest([SourceTable(of.tables[0], "firms.parquet", rest)], of)
    assert found.facts["party"].num_rows == 2


def test_a_constant_that_is_no_value_is_refused() -> None:
    text = BUY.replace('direction = "purchase"', 'direction = "purchase", event_time = "soon"')
    of = mapping(text.replace('event_time = "D", ', ""))
    with pytest.raises(MappingError, match="constant `event_time` is `soon`"):
        ingest([source(of, 0, [row()], HEADER)], of)


def test_a_lost_row_would_be_a_bug() -> None:
    with pytest.raises(AssertionError, match="rows are lost"):
        Reconciliation("t", "invoice", "t.csv", 3, 1, 1, 0)


cells = st.sampled_from(
    ["", " ", "E1", "1", "100", "-13", "2019-01-31", "有效", " 作废", "x", None]
)
wild_rows = st.lists(st.tuples(*[cells] * len(HEADER)), max_size=12)
tame_rows = st.lists(
    st.builds(
        row,
        No=st.sampled_from(["1", "2"]),
        A=st.sampled_from(["100", "-100", "1e3"]),
        T=st.sampled_from(["13", "-13"]),
        S=st.sampled_from(["113", "-113"]),
        St=st.sampled_from(["有效", "作废"]),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(st.tuples(wild_rows, tame_rows).map(lambda parts: parts[0] + parts[1]))
def test_whatever_comes_every_row_is_accounted_for(rows: list[tuple]) -> None:
    found = bought(*rows)
    accepted = found.facts["invoice"]["row"].to_pylist()
    apart = found.duplicates["row"].to_pylist()
    bad = set(found.quarantine["row"].to_pylist())
    assert sorted([*accepted, *apart, *bad]) == list(range(1, len(rows) + 1))
    assert found.facts["invoice"].schema == INVOICE.arrow
    ids = found.facts["invoice"]["id"].to_pylist()
    assert set(found.duplicates["kept"].to_pylist()) <= set(ids)
    assert set(found.corrections["corrects"].to_pylist()) - {None} <= set(ids)


@settings(max_examples=20)
@given(tame_rows)
def test_a_second_reading_gives_the_same_facts(rows: list[tuple]) -> None:
    first, second = bought(*rows), bought(*rows)
    assert first.facts["invoice"].equals(second.facts["invoice"])
    assert first.corrections.equals(second.corrections)
    assert first.notes == second.notes


RELATIONS = """
name = "registry"
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = "test"

[[table]]
file = "holdings"
fact = "relation"
constants = { relation = "owns" }
columns.subject = "holder"
columns.object = "company"
columns.share = "share"
columns.share_min = "min"
columns.event_time = "from"
columns.valid_to = "to"
columns.amount = "paid"

[[table]]
file = "loans"
fact = "exposure"
columns = { party = "firm", amount = "amount", deductible = "deposit", event_time = "from" }
"""


def test_relations_that_cannot_be_go_to_quarantine_and_the_rest_stays():
    mapping = parse_mapping(RELATIONS, "registry.toml")
    columns = ("holder", "company", "share", "min", "from", "to", "paid")
    rows = [
        ("P", "C", "30%", None, "2020-01-01", None, "12.50"),
        ("C", "C", "10%", None, None, None, None),
        ("P", "D", "0.2", "0.3", None, None, None),
        ("P", "E", "0.2", None, "2020-02-01", "2020-01-01", None),
        ("P", "F", "1.2", None, None, None, None),
        ("P", "G", None, None, None, None, "-1"),
    ]
    loans = [("C", "100", "30", "2020-01-01"), ("C", "100", "130", "2020-01-01")]
    found = ingest(
        [
            source(mapping, 0, rows, columns),
            source(mapping, 1, loans, ("firm", "amount", "deposit", "from")),
        ],
        mapping,
    )
    (kept,) = found.facts["relation"].to_pylist()
    assert (kept["share"], kept["amount_minor"], kept["currency"]) == (0.3, 1250, "CNY")
    assert {(r["source"], r["row"]): r["rule"] for r in found.quarantine.to_pylist()} == {
        ("holdings", 2): "relation_to_itself",
        ("holdings", 3): "shares_crossed",
        ("holdings", 4): "ended_before_begun",
        ("holdings", 5): "rate_out_of_range",
        ("holdings", 6): "negative_amount",
        ("loans", 2): "deductible_above_amount",
    }
    assert [row["amount_minor"] for row in found.facts["exposure"].to_pylist()] == [10_000]

"""Event files as tables: every form alike, bad cells told by row, results that open."""

import json
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import python_calamine as calamine
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather

from headrace.adapters.event_cells import read_cells, read_number, read_time
from headrace.adapters.events import (
    check_writable,
    quarantine_path,
    read_events,
    write_quarantine,
    write_table,
)
from headrace.errors import InputError
from headrace.features.definition import Column, ColumnType
from headrace.workflows.features import QUARANTINE, Extra, Given, Wanted, quarantine

ZONE = "Asia/Shanghai"
CUSTOMER = Column("customer", ColumnType.CATEGORY, required=True)
AMOUNT = Column("amount", ColumnType.NUMBER, 2)
ABROAD = Column("abroad", ColumnType.FLAG)
TIME = Column("time", ColumnType.INSTANT, required=True)
WANTED = Wanted("payment", (CUSTOMER, AMOUNT, ABROAD, TIME), frozenset(), ZONE)
ROWS = {
    "customer": ["C1", "C2", "C1"],
    "amount": ["12.50", "", "7"],
    "abroad": ["true", "false", ""],
    "time": ["2024-05-01T08:30:00", "2024-05-01T23:00:00", "2024-05-02T00:00:00"],
}
MOMENTS = [
    datetime(2024, 5, 1, 0, 30, tzinfo=UTC),
    datetime(2024, 5, 1, 15, 0, tzinfo=UTC),
    datetime(2024, 5, 1, 16, 0, tzinfo=UTC),
]


def typed_table() -> pa.Table:
    naive = [each.replace(tzinfo=None) for each in map(datetime.fromisoformat, ROWS["time"])]
    return pa.table(
        {
            "customer": ROWS["customer"],
            "amount": pa.array([12.5, None, 7.0]),
            "abroad": pa.array([True, False, None]),
            "time": pa.array(naive, pa.timestamp("ms")),
        }
    )


def write_csv(path: Path, rows=ROWS, delimiter=",", encoding="utf-8") -> Path:
    lines = [
        delimiter.join(rows),
        *(delimiter.join(row) for row in zip(*rows.values(), strict=True)),
    ]
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
    return path


def as_csv(folder: Path) -> Path:
    return write_csv(folder / "x.csv")


def as_tsv(folder: Path) -> Path:
    return write_csv(folder / "x.tsv", delimiter="\t", encoding="utf-16")


def as_parquet(folder: Path) -> Path:
    pq.write_table(typed_table(), folder / "x.parquet")
    return folder / "x.parquet"


def as_feather(folder: Path) -> Path:
    feather.write_feather(typed_table(), folder / "x.feather")
    return folder / "x.feather"


def as_stream(folder: Path) -> Path:
    table = typed_table()
    with pa.ipc.new_stream(folder / "x.arrow", table.schema) as sink:
        sink.write_table(table)
    return folder / "x.arrow"


def as_json(folder: Path) -> Path:
    rows = typed_table().drop_columns("time").append_column("time", [ROWS["time"]]).to_pylist()
    (folder / "x.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder / "x.jsonl"


def as_xlsx(folder: Path) -> Path:
    with xlsxwriter.Workbook(folder / "x.xlsx") as book:
        sheet, style = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, list(ROWS))
        for number, row in enumerate(typed_table().to_pylist(), start=1):
            sheet.write_row(number, 0, [row["customer"], row["amount"], row["abroad"]])
            sheet.write_datetime(number, 3, row["time"], style)
    return folder / "x.xlsx"


FORMS = [as_csv, as_tsv, as_parquet, as_feather, as_stream, as_json, as_xlsx]


def plainly(found: Given) -> dict[str, list[object]]:
    columns = found.columns.to_pydict()
    return columns | {"amount": [None if x is None else float(x) for x in columns["amount"]]}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form, tmp_path):
    found = read_events(form(tmp_path), WANTED)
    assert plainly(found) == {
        "customer": ["C1", "C2", "C1"],
        "amount": [12.5, None, 7.0],
        "abroad": [True, False, None],
        "time": MOMENTS,
    }
    assert found.rows.tolist() == [1, 2, 3]
    assert found.refused.num_rows == 0
    assert found.read == 3


def column(values: list[object], kind=None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


numbers = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15).map(
        str
    ),
    st.from_regex(r"[+-]?[0-9]{0,4}(\.[0-9]{0,15})?(e[+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(
        ["1,000", "1_000", "nan", "inf", "１２", "0x1", "1e999", "-0", ".", "12 ", "￥5"]
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(numbers, min_size=1, max_size=6), st.integers(0, 9))
def test_a_column_of_numbers_is_read_as_each_of_its_cells(texts, places):
    found = read_cells(column(texts), Column("x", ColumnType.NUMBER, places), ZONE)
    expected = [read_number(text.strip(), places) for text in texts]
    unit = Decimal(1).scaleb(-places)
    got = [
        None if x is None else x.quantize(unit, ROUND_HALF_EVEN, Context(prec=38))
        for x in found.values.to_pylist()
    ]
    assert got == expected
    filled = [bool(text.strip()) for text in texts]
    assert found.bad.tolist() == [
        x is None and there for x, there in zip(expected, filled, strict=True)
    ]


times = st.one_of(
    st.datetimes(datetime(1969, 12, 30), datetime(2100, 1, 3)).map(str),  # noqa: DTZ001 - wall clocks
    st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)).map(lambda t: f"{t:%Y-%m-%dT%H:%M}"),  # noqa: DTZ001 - wall clocks
    st.datetimes(timezones=st.timezones(no_cache=True)).map(str),
    st.dates(date(1969, 12, 30), date(2100, 1, 3)).map(str),
    st.dates().map(lambda day: f"{day.year:04}/{day.month}/{day.day} 7:05"),
    st.sampled_from(["2023-02-30", "2023-02-30 10:00:00", "2023-13-01", "2023-01-01 24:00:00"]),
    st.sampled_from(["45234", "01/02/2023", "2023-01-01 10:00:60", "2023-01-01Z", "soon", "  "]),
    st.sampled_from(["2023-03-26 02:30:00", "2023-10-29 02:30:00", "2023-01-01T10:00:00+0800"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(times, min_size=1, max_size=4), st.sampled_from([ZONE, "UTC", "Europe/Brussels"]))
def test_a_column_of_times_is_read_as_each_of_its_cells(texts, zone):
    found = read_cells(column(texts), TIME, zone)
    expected = [read_time(text.strip(), zone) for text in texts]
    assert found.values.to_pylist() == expected
    assert found.bad.tolist() == [
        x is None and bool(text.strip()) for x, text in zip(expected, texts, strict=True)
    ]


def test_times_of_files_that_know_times():
    def instants(values, kind):
        return read_cells(column(values, kind), TIME, ZONE).values.to_pylist()

    noon = datetime(2024, 5, 1, 12)  # noqa: DTZ001 - a wall clock
    for unit in ("s", "ms", "us", "ns"):
        assert instants([noon], pa.timestamp(unit)) == [datetime(2024, 5, 1, 4, tzinfo=UTC)]
        with_zone = pa.timestamp(unit, "Europe/Brussels")
        assert instants([noon], with_zone) == [datetime(2024, 5, 1, 12, tzinfo=UTC)]
        far = column([0, 10**11 if unit == "s" else 2**62], pa.int64()).cast(
            pa.timestamp(unit, "UTC")
        )
        assert read_cells(far, TIME, ZONE).bad.tolist() == [False, True]
    end = datetime(2024, 5, 1, 15, 59, 59, 999_999, tzinfo=UTC)
    assert instants([date(2024, 5, 1), None, date(1900, 1, 1)], pa.date32()) == [end, None, None]


def test_a_date_is_not_known_before_its_day_is_over():
    """Else a label of ten o'clock would see what happened at three."""
    assert read_time("2024-05-01", "UTC") == datetime(2024, 5, 1, 23, 59, 59, 999_999, tzinfo=UTC)


def categories(values, kind=None, *, whole=False) -> list[object]:
    return read_cells(column(values, kind), CUSTOMER, ZONE, whole=whole).values.to_pylist()


def test_a_category_has_one_name_whatever_the_file_calls_it():
    assert categories([7, None, -1]) == ["7", None, "-1"]
    assert categories(["7", "", " 007 "]) == ["7", None, "007"]
    assert categories([7.0, None, 7.5]) == ["7", None, None]  # gaps make floats of whole numbers
    assert categories([Decimal("7.00"), Decimal("7.50")]) == ["7", None]
    assert categories([True, None]) == ["true", None]
    encoded = pa.chunked_array([pa.array(["a", "b", "a"]).dictionary_encode()])
    assert read_cells(encoded, CUSTOMER, ZONE).values.to_pylist() == ["a", "b", "a"]
    assert categories([7, None], whole=True) == [7, None]
    assert categories(["7", "x", "007"], whole=True) == [7, None, 7]
    assert categories([2**63], pa.uint64(), whole=True) == [None]
    assert categories([None, None]) == [None, None]


def test_flags():
    def flags(values, kind=None):
        return read_cells(column(values, kind), ABROAD, ZONE).values.to_pylist()

    assert flags(["TRUE", "no", "1", "0", "是", "maybe", ""]) == [
        True, False, True, False, True, None, None,
    ]  # fmt: skip
    assert flags([1, 0, 2, None]) == [True, False, None, None]
    assert flags([1.0, 0.0, float("nan")]) == [True, False, None]


def test_bad_cells_take_their_row_away_and_no_other(tmp_path):
    rows = {
        "customer": ["C1", "", "C3", "C4", "C5"],
        "amount": ["1", "2", "three", "4", ""],
        "abroad": ["true", "true", "true", "perhaps", ""],
        "time": ["2024-05-01", "2024-05-01", "yesterday", "2024-05-01", "2024-05-01"],
    }
    found = read_events(write_csv(tmp_path / "x.csv", rows), WANTED)
    assert found.columns["customer"].to_pylist() == ["C1", "C5"]
    assert found.rows.tolist() == [1, 5]
    assert found.original.num_rows == 2
    told = [tuple(row.values()) for row in found.refused.to_pylist()]
    assert told == [
        ("payment", 2, "customer", "", "is missing"),
        ("payment", 3, "amount", "three", "is not a number"),
        ("payment", 4, "abroad", "perhaps", "is neither true nor false"),
        ("payment", 3, "time", "yesterday",
         "is not a time of the years 1970 to 2099, such as 2024-05-01 08:30:00"),
    ]  # fmt: skip


def test_rows_that_do_not_fit_the_header_keep_the_numbers_of_the_others(tmp_path):
    text = "customer,amount,abroad,time\nC1,1,1,2024-05-01\nC2,1\nC3,1,0,2024-05-01\n"
    (tmp_path / "x.csv").write_text(text)
    found = read_events(tmp_path / "x.csv", WANTED)
    assert found.rows.tolist() == [1, 3]
    assert found.read == 3
    (told,) = found.refused.to_pylist()
    assert (told["row"], told["value"]) == (2, "C2,1")


def test_what_is_kept_beside_the_columns_wanted(tmp_path):
    rows = ROWS | {
        "branch": ["007", "008", "009"],
        "fraud": ["0", "1", "0"],
        "rate": ["0.5", "1", ""],
    }
    path = write_csv(tmp_path / "x.csv", rows)
    few = Wanted("x", (CUSTOMER, TIME), frozenset(), ZONE)
    assert read_events(path, few).original.column_names == ["customer", "time"]
    found = read_events(path, Wanted("x", (TIME,), frozenset(), ZONE, Extra.ALL)).original
    assert found.column_names == list(rows)
    assert found["branch"].to_pylist() == ["007", "008", "009"]  # leading zeros name something
    assert found["fraud"].to_pylist() == [0, 1, 0]
    assert found["rate"].to_pylist() == [0.5, 1.0, None]
    defined = Wanted("x", (TIME,), frozenset(), ZONE, Extra.DEFINED, defined=("time", "branch"))
    assert read_events(path, defined).original.column_names == ["time", "branch"]


def test_text_of_chinese_excel_is_read(tmp_path):
    path = write_csv(
        tmp_path / "x.csv", ROWS | {"customer": ["甲", "乙", "甲"]}, encoding="gb18030"
    )
    assert read_events(path, WANTED).columns["customer"].to_pylist() == ["甲", "乙", "甲"]


@pytest.mark.parametrize("form", [as_csv, as_parquet, as_xlsx, as_json])
def test_a_missing_column_is_named_with_those_there_are(form, tmp_path):
    wanted = Wanted("payment", (Column("costumer", ColumnType.CATEGORY), TIME), frozenset(), ZONE)
    with pytest.raises(InputError, match="costumer") as caught:
        read_events(form(tmp_path), wanted)
    assert "customer" in str(caught.value)
    assert str(tmp_path) in caught.value.where


@pytest.mark.parametrize(
    ("named", "data"),
    [("amount", pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 3)), ("time", pa.array([1, 2, 3])),
     ("abroad", pa.array([date(2024, 1, 1)] * 3)), ("customer", pa.array([[1], [2], [3]]))],
)  # fmt: skip
def test_a_column_of_another_type_is_refused_whole(named, data, tmp_path):
    table = typed_table()
    table = table.set_column(table.column_names.index(named), named, data)
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InputError, match=f"{named}.* holds .*, not ") as caught:
        read_events(tmp_path / "x.parquet", WANTED)
    assert caught.value.where == str(tmp_path / "x.parquet")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("x.parquet", b"PAR1 and no more", "no whole .parquet file"), ("x.csv", b"", "0 bytes"),
     ("x.jsonl", b"{not json", "no whole .jsonl"), ("x.arrow", b"ARROW", "no whole .arrow"),
     ("x.jsonl", b"[1, 2]\n", "no JSON objects"), ("x.xlsx", b"PK", "workbook"),
     ("x.pdf", b"%PDF", "ends in .pdf"), ("x", b"a,b", "ends in nothing")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_so(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        read_events(tmp_path / name, WANTED)
    assert caught.value.remedy
    assert str(tmp_path) in str(caught.value)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_events(tmp_path / "none.csv", WANTED)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="a folder"):
        read_events(tmp_path / "folder.csv", WANTED)


@pytest.mark.parametrize("form", [as_csv, as_parquet])
def test_a_table_without_rows_is_a_table(form, tmp_path):
    path = form(tmp_path)
    if path.suffix == ".csv":
        path.write_text("customer,amount,abroad,time\n")
    else:
        pq.write_table(typed_table().slice(0, 0), path)
    found = read_events(path, WANTED)
    assert (found.columns.num_rows, found.read, found.refused.num_rows) == (0, 0, 0)


# --- writing --------------------------------------------------------------------------------------

RESULT = pa.table(
    {
        "id": ["=1+1", "-5", "@x", None],
        "n": pa.array([1, 2, None, 2**60]),
        "value": pa.array([0.1, None, float("inf"), -3.5]),
        "time": pa.array([MOMENTS[0]] * 4, pa.timestamp("us", "UTC")),
    }
)


def test_a_csv_runs_nothing_and_keeps_numbers(tmp_path):
    write_table(tmp_path / "r.csv", RESULT)
    data = (tmp_path / "r.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    found = pa_csv.read_csv(tmp_path / "r.csv")
    assert found["id"].to_pylist() == ["'=1+1", "-5", "'@x", ""]
    assert found["n"].to_pylist() == [1, 2, None, 2**60]
    assert found["value"].to_pylist() == [0.1, None, float("inf"), -3.5]


def test_a_workbook_holds_numbers_as_numbers(tmp_path):
    write_table(tmp_path / "r.xlsx", RESULT)
    sheet = calamine.CalamineWorkbook.from_path(tmp_path / "r.xlsx").get_sheet_by_index(0)
    rows = sheet.to_python()
    assert rows[0] == RESULT.column_names
    assert rows[1][:3] == ["=1+1", 1.0, 0.1]
    assert rows[3][2] == "inf"
    assert rows[4][1] == str(2**60)


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".xlsx"])
def test_equal_tables_give_equal_bytes(ending, tmp_path):
    write_table(tmp_path / f"a{ending}", RESULT)
    write_table(tmp_path / f"b{ending}", pa.concat_tables([RESULT.slice(0, 2), RESULT.slice(2)]))
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def test_where_nothing_can_be_written_is_said_before_any_work(tmp_path):
    for path, said in [
        (tmp_path / "r.pdf", "cannot be written"),
        (tmp_path / "none" / "r.csv", "no such folder"),
    ]:
        with pytest.raises(InputError, match=said) as caught:
            check_writable(path)
        assert caught.value.remedy
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="a folder"):
        check_writable(tmp_path / "folder.csv")


def test_the_quarantine_of_an_earlier_result_does_not_stay(tmp_path):
    result = tmp_path / "r.parquet"
    bad = quarantine("payment", np.array([3]), "amount", column(["x"]), "is not a number")
    write_quarantine(result, bad)
    beside = quarantine_path(result)
    assert beside == tmp_path / "r.quarantine.csv"
    assert pa_csv.read_csv(beside).to_pylist() == bad.to_pylist()
    write_quarantine(result, QUARANTINE.empty_table())
    assert not beside.exists()


def test_a_long_bad_value_is_cut():
    told = quarantine("x", np.array([1]), "c", column(["y" * 1000]), "is not a number")
    assert pc.utf8_length(told["value"])[0].as_py() == 200

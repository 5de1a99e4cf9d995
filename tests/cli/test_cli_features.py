"""`headrace features`: definitions in, values out, and nothing that was not yet known."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.features.compile import compile_plan
from headrace.features.engines.batch import History, read, replay
from headrace.features.loading import load_feature_set
from headrace.features.plan import make_plan

DEFINITIONS = """\
tables:
  - name: payment
    zone: Asia/Shanghai
    time: paid
    known: told
    key: customer
    columns: {customer: category, terminal: category, amount: {number: 2}, kind: category}
    required: [customer, amount]
  - name: report
    zone: Asia/Shanghai
    time: paid
    known: told
    id: null
    key: terminal
    columns: {terminal: category}
    required: [terminal]
features:
  - {name: payments_30d, table: payment, count: events, window: 30 days}
  - {name: paid_7d, table: payment, sum: amount, window: 7 days}
  - {name: cash_last, table: payment, last: amount, where: 'kind == 1', window: {last: 1}}
  - {name: paid_share, ratio: [paid_7d, payments_30d]}
  - {name: terminal_month, table: payment, count: events, by: terminal, window: {calendar: month}}
  - {name: reports_ever, table: report, count: events, window: ever}
"""
NAMES = ("payments_30d", "paid_7d", "cash_last", "paid_share", "terminal_month", "reports_ever")
FIRST = datetime(2024, 1, 10, tzinfo=UTC)
INSTANT = pa.timestamp("us", tz="UTC")
PROBLEMS = DEFINITIONS.replace("sum: amount", "sum: amuont").replace("7 days", "7 dayz")


def moment(hours: float) -> datetime:
    return FIRST + timedelta(hours=hours)


def instants(hours) -> pa.Array:
    return pa.array([moment(each) for each in hours], INSTANT)


def payments(hours=range(0, 1200, 12), delay=5) -> pa.Table:
    hours = list(hours)
    return pa.table(
        {
            "id": [f"p{n}" for n in range(len(hours))],
            "customer": [n % 7 for n in range(len(hours))],
            "terminal": [f"T{n % 3}" for n in range(len(hours))],
            "amount": [round(1.5 * n + 0.25, 2) for n in range(len(hours))],
            "kind": [n % 2 for n in range(len(hours))],
            "paid": instants(hours),
            "told": instants([each + delay for each in hours]),
        }
    )


def reports(hours=range(24, 1200, 96)) -> pa.Table:
    hours = list(hours)
    return pa.table(
        {
            "terminal": [f"T{n % 2}" for n in range(len(hours))],
            "paid": instants(hours),
            "told": instants([each + 200 for each in hours]),
        }
    )


def labels(hours=(100, 500, 501, 900)) -> pa.Table:
    return pa.table(
        {
            "loan": [f"L{n}" for n in range(len(hours))],
            "customer": [n % 3 for n in range(len(hours))],
            "terminal": [f"T{n % 3}" for n in range(len(hours))],
            "decided": instants(hours),
            "defaulted": [n % 2 for n in range(len(hours))],
        }
    )


@pytest.fixture
def files(tmp_path) -> Path:
    (tmp_path / "set.yaml").write_text(DEFINITIONS)
    pq.write_table(payments(), tmp_path / "payment.parquet")
    pq.write_table(reports(), tmp_path / "report.parquet")
    pq.write_table(labels(), tmp_path / "labels.parquet")
    return tmp_path


def options(folder: Path) -> list[object]:
    return [
        "--definitions", folder / "set.yaml", "--events", f"payment={folder / 'payment.parquet'}",
        "--events", f"report={folder / 'report.parquet'}",
    ]  # fmt: skip


def compute(folder: Path, *more: object, out: str = "out.parquet"):
    return headrace("features", "compute", *options(folder), "--out", folder / out, *more)


def training_set(folder: Path, *more: object, out: str = "out.parquet"):
    return compute(folder, "--labels", folder / "labels.parquet", "--at", "decided", *more, out=out)


def explain(folder: Path, *more: object):
    return headrace("features", "explain", *more, *options(folder))


def check_told(done, *said: str) -> None:
    """Refused with these words, where there is only one place it can be."""
    assert done.status == 2, done.out
    assert done.out == ""
    for each in said:
        assert each in done.err, done.err


def as_engines_take_them(table: pa.Table) -> pa.Table:
    """Names as text, as the command line reads them."""
    for name in ("customer", "terminal"):
        if name in table.column_names:
            at = table.column_names.index(name)
            table = table.set_column(at, name, table[name].cast(pa.string()))
    return table


def direct():
    """The same, in Python."""
    tables = {"payment": payments(), "report": reports()}
    history = History({name: as_engines_take_them(table) for name, table in tables.items()})
    return compile_plan(make_plan(load_feature_set(DEFINITIONS, "set.yaml"))), history


# --- check and plan -------------------------------------------------------------------------------


def test_check_reads_good_definitions_aloud(files):
    done = headrace("features", "check", files / "set.yaml")
    assert done.status == 0
    assert "2 tables, 6 features" in done.out
    assert "sum of amount in 7 days" in done.out
    assert "paid_7d divided by payments_30d" in done.out
    found = headrace("features", "check", files / "set.yaml", "--json").value
    assert [each["name"] for each in found["features"]] == list(NAMES)
    assert found["holds"] is True


def test_check_tells_every_problem_with_its_line(files):
    path = files / "bad.yaml"
    path.write_text(PROBLEMS)
    done = headrace("features", "check", path)
    assert done.status == 1
    assert "2 problems" in done.out
    assert "bad.yaml:19:42" in done.out
    assert "perhaps amount" in done.out
    found = headrace("features", "check", path, "--json")
    assert found.status == 1
    assert [each["what"] for each in found.value["problems"]] == [
        "feature paid_7d, sum of",
        "feature paid_7d, window",
    ]
    assert "paid_7d" in headrace("features", "plan", "--definitions", path).err


def test_check_of_no_file_and_of_no_text(tmp_path):
    check_refused(headrace("features", "check", tmp_path / "none.yaml"), "cannot be read")
    (tmp_path / "x.yaml").write_bytes(b"\xff\x00\xff")
    assert headrace("features", "check", tmp_path / "x.yaml").status == 2


def test_plan_shows_what_is_shared_and_what_costs(files):
    done = headrace("features", "plan", "--definitions", files / "set.yaml")
    assert done.status == 0
    for said in ("payment by customer", "payment by terminal", "report by terminal"):
        assert said in done.out
    assert "for ever: reports_ever" in done.out
    assert "30 days, and the last 1 that count: payments_30d" in done.out
    assert "kind == 1" in done.out
    found = headrace("features", "plan", "--definitions", files / "set.yaml", "--json").value
    customers, terminals, frauds = found["spaces"]
    assert {each["name"]: each["found"] for each in customers["features"]} == {
        "payments_30d": "totals", "paid_7d": "totals", "cash_last": "scan",
    }  # fmt: skip
    assert terminals["memory"] == "31 days 1 hour"
    assert frauds["memory"] is None
    assert customers["filters"][0] == "not voided"
    assert customers["bytes_per_event"] > frauds["bytes_per_event"] >= 8
    assert found["arithmetic"] == [
        {"name": "paid_share", "definition": "paid_7d divided by payments_30d"}
    ]


def test_plan_of_a_pack():
    found = headrace("features", "plan", "--pack", "sme_invoices", "--json").value
    assert [space["table"] for space in found["spaces"]] == ["invoice", "voided_invoice"]
    features = {each["name"]: each["found"] for each in found["spaces"][0]["features"]}
    assert features["sales_12m"] == "totals"
    assert features["sales_hhi"] == "scan"
    done = headrace("features", "plan", "--pack", "sme_invoices")
    assert "month = " not in done.err
    assert "sales_hhi" in done.out
    check_told(headrace("features", "plan", "--pack", "none"), "no pack")
    check_refused(headrace("features", "plan"), "in a file or in a pack")


# --- at every event -------------------------------------------------------------------------------


def test_values_at_every_event_are_those_of_the_engine(files):
    done = compute(files)
    assert done.status == 0, done.err
    assert done.err.count("✓") == 3
    assert "100" in done.out
    compiled, history = direct()
    found = pq.read_table(files / "out.parquet")
    assert found.select(NAMES).equals(replay(compiled, history, "payment").table)
    assert found.column_names == ["id", "customer", "terminal", "paid", *NAMES]
    assert found["customer"].to_pylist() == payments()["customer"].to_pylist()  # numbers stay
    assert not (files / "out.quarantine.csv").exists()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_result_as_a_sheet(ending, files):
    done = compute(files, out=f"out.{ending}")
    assert done.status == 0, done.err
    assert (files / f"out.{ending}").stat().st_size > 1000


def test_csv_and_parquet_events_give_the_same_bytes(files):
    assert compute(files).status == 0
    before = pq.read_table(files / "out.parquet").select(NAMES)
    for name in ("payment", "report"):
        pa_csv.write_csv(pq.read_table(files / f"{name}.parquet"), files / f"{name}.csv")
    events = [f"--events={name}={files / f'{name}.csv'}" for name in ("payment", "report")]
    done = headrace(
        "features", "compute", "--definitions", files / "set.yaml", *events,
        "--out", files / "again.parquet",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert pq.read_table(files / "again.parquet").select(NAMES).equals(before)


def test_chosen_features_and_another_table(files):
    done = compute(files, "--feature", "reports_ever", "--table", "report", "--json")
    assert done.status == 0, done.err
    assert done.value["features"] == ["reports_ever"]
    assert done.value["rows"] == reports().num_rows
    done = headrace(
        "features", "compute", "--definitions", files / "set.yaml", "--feature", "paid_share",
        "--events", f"payment={files / 'payment.parquet'}", "--out", files / "out.parquet",
    )  # fmt: skip
    assert done.status == 0, done.err  # no table of reports is asked for
    found = pq.read_table(files / "out.parquet").column_names
    assert found == ["id", "customer", "paid", "payments_30d", "paid_7d", "paid_share"]


def test_rows_that_cannot_be_used_are_told_and_the_others_are_computed(files):
    table = payments()
    amounts = [
        "much" if n == 4 else str(each) for n, each in enumerate(table["amount"].to_pylist())
    ]
    terminals = [None if n == 6 else each for n, each in enumerate(table["terminal"].to_pylist())]
    customers = [None if n == 8 else each for n, each in enumerate(table["customer"].to_pylist())]
    for name, values in (("amount", amounts), ("terminal", terminals), ("customer", customers)):
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    pq.write_table(table, files / "payment.parquet")
    done = compute(files)
    assert done.status == 0, done.err
    assert "3 rows; 2 rows left out of the result" in done.out
    found = pq.read_table(files / "out.parquet")
    assert found.num_rows == 98  # without a terminal, an event has its customer's features
    told = pa_csv.read_csv(files / "out.quarantine.csv").to_pylist()
    assert [(each["row"], each["column"], each["reason"]) for each in told] == [
        (5, "amount", "is not a number"),
        (7, "terminal", "is missing"),
        (9, "customer", "is missing"),
    ]
    alone = compute(files, "--feature", "terminal_month", "--json").value
    assert (alone["rows"], alone["rows_left_out"]) == (97, 3)


def test_voids_take_back_from_when_they_are_known(files):
    voids = payments().slice(0, 10).set_column(6, "told", instants([300] * 10))
    pq.write_table(voids, files / "voids.parquet")
    ask = [*options(files), "--keys", files / "labels.parquet", "--out", files / "out.parquet"]

    def count(as_of: str, *more: object) -> list[float]:
        done = headrace("features", "compute", *ask, "--as-of", as_of, *more)
        assert done.status == 0, done.err
        return pq.read_table(files / "out.parquet")["payments_30d"].to_pylist()

    given_voids = ["--voids", f"payment={files / 'voids.parquet'}"]
    before, after = "2024-01-22T00:00+00:00", "2024-01-23T00:00+00:00"
    assert count(before, *given_voids) == count(before)
    assert count(after, *given_voids) == [n - 2 if n else n for n in [4, 4, 4, 4]]
    assert count(after) == [4, 4, 4, 4]
    done = headrace(
        "features",
        "compute",
        *ask,
        "--as-of",
        after,
        "--voids",
        f"report={files / 'voids.parquet'}",
    )
    check_refused(done, "an id and a known time")


def test_voids_that_cannot_be_used_are_told(files):
    """One is refused by the reader and one by the engine: both stand beside the result."""
    text = DEFINITIONS.replace("{customer: category, terminal", "{customer: number, terminal")
    (files / "set.yaml").write_text(text)
    voids = payments().slice(0, 3)
    voids = voids.set_column(1, "customer", pa.array([0, 2**60, None], pa.int64()))
    pq.write_table(voids, files / "voids.parquet")
    ask = ["--feature", "payments_30d", "--voids", f"payment={files / 'voids.parquet'}", "--json"]
    done = compute(files, *ask)
    assert done.status == 0, done.err
    assert (done.value["rows"], done.value["rows_refused"], done.value["rows_left_out"]) == (
        100,
        2,
        0,
    )
    told = pa_csv.read_csv(files / "out.quarantine.csv").to_pylist()
    assert [(each["table"], each["row"], each["column"], each["reason"]) for each in told] == [
        ("voids of payment", 2, "customer", "is too large for an exact sum"),
        ("voids of payment", 3, "customer", "is missing"),
    ]


# --- training sets --------------------------------------------------------------------------------


def test_a_training_set_has_the_labels_then_the_features_as_of_each(files):
    done = training_set(files)
    assert done.status == 0, done.err
    found = pq.read_table(files / "out.parquet")
    assert found.column_names == [*labels().column_names, *NAMES]
    assert found.select(labels().column_names).equals(labels())
    compiled, history = direct()
    keys = as_engines_take_them(labels().select(["customer", "terminal", "decided"]))
    assert found.select(NAMES).equals(read(compiled, history, keys, "decided").table.select(NAMES))


changes = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(0, 99), st.floats(-500, 500), st.integers(0, 1)),
    max_size=20,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(hours=st.lists(st.integers(0, 1300), min_size=1, max_size=5), later=changes)
def test_what_is_known_later_than_every_label_changes_no_byte(files, hours, later):
    """Drop it, change it, add to it: the training set stays as it was."""
    last = max(hours)
    pq.write_table(labels(hours), files / "labels.parquet")
    pq.write_table(payments(), files / "payment.parquet")
    pq.write_table(reports(), files / "report.parquet")
    assert training_set(files).status == 0
    before = (files / "out.parquet").read_bytes()
    for name, table in (("payment", payments()), ("report", reports())):
        known = [each <= moment(last) for each in table["told"].to_pylist()]
        pq.write_table(table.filter(pa.array(known)), files / f"{name}.parquet")
    added = pa.table(
        {
            "id": [f"later{n}" for n in range(len(later))],
            "customer": [each % 7 for each, *_ in later],
            "terminal": [f"T{each % 3}" for each, *_ in later],
            "amount": [round(amount, 2) for *_, amount, _ in later],
            "kind": [kind for *_, kind in later],
            "paid": instants([ahead * 30 for _, ahead, *_ in later]),  # may be long ago
            "told": instants([last + 1 + ahead for _, ahead, *_ in later]),
        },
        schema=payments().schema,
    )
    seen = pq.read_table(files / "payment.parquet")
    pq.write_table(pa.concat_tables([added, seen]), files / "payment.parquet")
    assert training_set(files).status == 0
    assert (files / "out.parquet").read_bytes() == before


def test_the_columns_of_labels_never_reach_a_feature(files):
    assert training_set(files).status == 0
    before = pq.read_table(files / "out.parquet").select(NAMES)
    other = labels().set_column(4, "defaulted", pa.array([9, 8, 7, 6]))
    other = other.append_column("amount", pa.array([1e6] * 4)).append_column("kind", [["x"] * 4])
    other = other.append_column("paid", instants([0] * 4)).append_column("told", instants([0] * 4))
    pq.write_table(other, files / "labels.parquet")
    assert training_set(files).status == 0
    assert pq.read_table(files / "out.parquet").select(NAMES).equals(before)


def test_labels_in_csv_of_another_program(files):
    table = labels()
    hours = [each.strftime("%Y/%m/%d %H:%M") for each in table["decided"].to_pylist()]
    table = table.set_column(3, "decided", pa.array(hours))
    pa_csv.write_csv(table, files / "labels.csv")
    ask = ["--labels", files / "labels.csv", "--at", "decided"]
    done = compute(files, *ask)
    assert done.status == 0, done.err
    found = pq.read_table(files / "out.parquet")
    assert found["defaulted"].to_pylist() == [0, 1, 0, 1]
    assert found["decided"].to_pylist() == hours
    # The clock of labels without an offset is that of the tables: eight hours behind UTC's.
    compiled, history = direct()
    keys = as_engines_take_them(labels([100 - 8, 500 - 8, 501 - 8, 900 - 8]))
    assert found.select(NAMES).equals(read(compiled, history, keys, "decided").table.select(NAMES))


def test_labels_without_a_time_are_refused(files):
    path = files / "labels.parquet"
    done = compute(files, "--labels", path)
    check_refused(done, "nothing keeps the future out", "--at COLUMN", "decided")
    check_refused(compute(files, "--labels", path, "--at", "when"), "when", "decided")
    check_refused(compute(files, "--labels", path, "--at", "defaulted"), "int64", "instant")
    check_refused(compute(files, "--labels", path, "--at", "loan"), "no row can be used", "loan")
    check_refused(compute(files, "--labels", path, "--at", "customer"), "is a key")
    check_refused(compute(files, "--at", "decided"), "belongs to labels")


def test_labels_with_gaps_are_told_and_left_out(files):
    table = labels().set_column(1, "customer", pa.array([1, None, 2, 0]))
    pq.write_table(table, files / "labels.parquet")
    done = training_set(files, "--json")
    assert (done.value["rows"], done.value["rows_refused"]) == (3, 1)
    told = pa_csv.read_csv(files / "out.quarantine.csv").to_pylist()
    assert (told[0]["table"], told[0]["row"], told[0]["column"]) == ("labels", 2, "customer")


def test_a_label_named_like_a_feature_is_refused(files):
    table = labels().append_column("paid_7d", pa.array([0.0] * 4))
    pq.write_table(table, files / "labels.parquet")
    check_refused(training_set(files), "'paid_7d' is a column and a feature")


def test_keys_at_one_moment(files):
    (files / "keys.csv").write_text("customer,terminal,branch\n3,T1,007\n99,T9,008\n")
    ask = ["--keys", files / "keys.csv", "--as-of", "2024-02-01"]
    assert compute(files, *ask).status == 0
    found = pq.read_table(files / "out.parquet").to_pylist()
    assert [each["branch"] for each in found] == ["007", "008"]
    compiled, history = direct()
    end = datetime(2024, 2, 1, 15, 59, 59, 999_999, tzinfo=UTC)
    keys = pa.table({"customer": ["3", "99"], "terminal": ["T1", "T9"]})
    values = read(compiled, history, keys, end).table.select(NAMES).to_pylist()
    assert [{name: each[name] for name in NAMES} for each in found] == values
    assert values[1]["paid_7d"] is None  # a key that nobody knows
    check_refused(compute(files, "--keys", files / "keys.csv"), "give both")
    check_refused(compute(files, "--as-of", "2024-02-01"), "give both")
    check_refused(compute(files, *ask[:3], "soon"), "'soon' is no time")
    check_refused(compute(files, *ask[:3], "2150-01-01"), "1970 to 2099")
    check_refused(compute(files, *ask, "--labels", files / "keys.csv"), "times of their own")


# --- groups from memberships ----------------------------------------------------------------------

GROUPED = """\
tables:
  - name: payment
    time: paid
    known: told
    key: card
    columns: {card: category, ring: category, amount: number}
    required: [card]
features:
  - {name: ring_paid, sum: amount, by: ring, window: ever}
  - {name: card_paid, sum: amount, window: ever}
"""
PAID = """\
id,card,amount,paid,told
p1,A,1,2024-01-01T10:00,2024-01-01T10:00
p2,B,20,2024-01-02T10:00,2024-01-02T10:00
p3,C,300,2024-01-03T10:00,2024-01-03T10:00
p4,A,4000,2024-01-09T10:00,2024-01-09T10:00
"""
RINGS = """\
member,group,from,until,Known
A,R1,2023-12-31,2024-01-08,
B,R1,2023-12-31,,
,R1,2023-12-31,,
C,R1,2024-01-31,2024-01-30,
A,R2,2024-01-08,,
A,R9,2024-01-05,2024-01-07,2024-06-01
"""


@pytest.fixture
def grouped(tmp_path) -> Path:
    for name, text in (("set.yaml", GROUPED), ("paid.csv", PAID), ("rings.csv", RINGS)):
        (tmp_path / name).write_text(text)
    return tmp_path


def by_ring(folder: Path, *more: object, command: str = "compute", groups: str = "payment.ring"):
    written = [] if command == "explain" else ["--out", folder / "out.parquet"]
    return headrace(
        "features", command, *more, "--definitions", folder / "set.yaml", "--events",
        folder / "paid.csv", "--groups", f"{groups}={folder / 'rings.csv'}:card", *written,
    )  # fmt: skip


def columns(folder: Path, *names: str) -> list[tuple[object, ...]]:
    found = pq.read_table(folder / "out.parquet")
    return list(zip(*(found[name].to_pylist() for name in names), strict=True))


def test_groups_come_from_memberships_as_of_every_event(grouped):
    done = by_ring(grouped, "--json")
    assert done.status == 0, done.err
    assert columns(grouped, "id", "ring", "ring_paid", "card_paid") == [
        ("p1", "R1", 1.0, 1.0),
        ("p2", "R1", 21.0, 20.0),
        ("p3", None, None, 300.0),
        ("p4", "R2", 4000.0, 4001.0),
    ]
    told = pa_csv.read_csv(grouped / "out.quarantine.csv").to_pylist()
    assert [(each["table"], each["row"], each["column"], each["reason"]) for each in told] == [
        ("groups of payment.ring", 3, "member", "is missing"),
        ("groups of payment.ring", 4, "until", "is before from"),
        ("payment", 3, "ring", "is missing"),
    ]
    assert by_ring(grouped, "--groups-of-one", groups="ring").status == 0
    assert columns(grouped, "ring", "ring_paid")[2] == ("C", 300.0)
    assert by_ring(grouped, "--feature", "card_paid").status == 0  # no ring is needed: none is read
    assert columns(grouped, "id", "card_paid")[3] == ("p4", 4001.0)


def test_groups_of_labels_are_those_of_their_time(grouped):
    (grouped / "labels.csv").write_text("card,when\nA,2024-01-05\nA,2024-01-20\nC,2024-01-20\n")
    ask = ["--labels", grouped / "labels.csv"]
    done = by_ring(grouped, *ask, "--at", "when")
    assert done.status == 0, done.err
    assert columns(grouped, "card", "ring", "ring_paid") == [
        ("A", "R1", 21.0), ("A", "R2", 4000.0), ("C", None, None),
    ]  # fmt: skip
    check_refused(by_ring(grouped, *ask), "nothing keeps the future out")
    done = by_ring(grouped, "--keys", grouped / "labels.csv", "--as-of", "2024-01-05")
    assert done.status == 0, done.err
    assert columns(grouped, "ring", "ring_paid")[0] == ("R1", 21.0)
    done = by_ring(grouped, "R1", "ring_paid", "--at", "2024-01-20", command="explain")
    assert done.status == 0, done.err
    assert "ring_paid of ring=R1 = 21" in done.out


def test_repetitions_and_voids_belong_to_the_group_of_their_event(grouped):
    """When p1 is repeated and taken back, its card is known to have been in another ring."""
    rings = RINGS.replace(",2024-01-08,\n", ",2024-01-08,\nA,R1,2023-12-31,2023-12-31,2024-01-05\n")
    (grouped / "rings.csv").write_text(rings + "A,R3,2023-12-31,2024-01-08,2024-01-05\n")
    (grouped / "paid.csv").write_text(PAID + "p1,A,1,2024-01-01T10:00,2024-01-06T10:00\n")
    keys, voids = grouped / "keys.csv", grouped / "voids.csv"
    keys.write_text("card\nB\n")
    voids.write_text("id,card,paid,told\np1,A,2024-01-01T10:00,2024-01-12T10:00\n")
    ask = ["--keys", keys, "--voids", voids, "--as-of"]
    for day, expected in (("2024-01-11", 21.0), ("2024-01-13", 20.0)):
        done = by_ring(grouped, *ask, day)
        assert done.status == 0, done.err
        assert columns(grouped, "ring", "ring_paid") == [("R1", expected)]
    assert by_ring(grouped).status == 0
    assert [ring for (ring,) in columns(grouped, "ring")] == ["R1", "R1", None, "R2", "R1"]


def test_groups_of_tables_without_rows(grouped):
    for name, text in (("paid.csv", PAID), ("rings.csv", RINGS)):
        (grouped / name).write_text(text.splitlines()[0] + "\n")
        done = by_ring(grouped, "--json")
        assert done.status == 0, done.err
        assert done.value["rows"] == 0
    (grouped / "paid.csv").write_text(PAID)
    pq.write_table(pa_csv.read_csv(grouped / "paid.csv").slice(0, 0), grouped / "paid.parquet")
    ask = ["--definitions", grouped / "set.yaml", "--events", grouped / "paid.parquet", "--groups",
           f"ring={grouped / 'rings.csv'}:card", "--out", grouped / "out.parquet"]  # fmt: skip
    assert headrace("features", "compute", *ask).status == 0
    assert columns(grouped, "ring") == []
    assert by_ring(grouped).status == 0
    assert columns(grouped, "ring") == [(None,)] * 4


def test_groups_that_cannot_be_used_are_refused(grouped):
    check_refused(by_ring(grouped, groups="shop.ring"), "no column of groups", "payment")
    check_refused(by_ring(grouped, groups="payment.rung"), "no category 'rung'", "card, ring")
    check_refused(by_ring(grouped, groups="payment.amount"), "no category 'amount'")
    check_refused(by_ring(grouped, "--groups", "payment.ring=x.csv:card"), "given twice")
    check_refused(
        by_ring(grouped, "--labels", grouped / "labels.csv", "--at", "when"), "labels.csv"
    )
    check_refused(by_ring(grouped, "R1", "ring_paid", "--at", "2024-01-05", "--out", grouped,
                          command="explain"), "--groups")  # fmt: skip
    (grouped / "rings.csv").write_text(RINGS + "B,R2,2023-12-31,,\n")
    check_refused(by_ring(grouped), "member 'B' is in groups", "rings.csv", "2024-01-02T10:00")
    (grouped / "rings.csv").write_text("member,ring,from\nA,R1,2024-01-01\n")
    check_refused(by_ring(grouped), "rings.csv", "group")
    (grouped / "labels.csv").write_text("card,ring,when\nA,R1,2024-01-05\n")
    (grouped / "rings.csv").write_text("member,group,from\nA,R1,2024-01-01\n")
    done = by_ring(grouped, "--labels", grouped / "labels.csv", "--at", "when")
    check_refused(done, "a column 'ring' already")


# --- what is wrong --------------------------------------------------------------------------------


def test_files_and_names_that_are_wrong(files):
    check_refused(compute(files, "--feature", "paid_7"), "is paid_7d meant")
    check_refused(compute(files, "--table", "payments"), "no table 'payments'")
    check_refused(compute(files, out="out.pdf"), "cannot be written")
    check_refused(compute(files, out="none/out.csv"), "no such folder")
    check_refused(compute(files, out="payment.parquet"), "would replace what is read")
    check_refused(compute(files, "--events", f"payment={files}"), "given twice")
    check_refused(compute(files, "--voids", "x"), "no table and file")
    check_refused(compute(files, "--voids", f"payment={files / 'none.csv'}"), "No such file")
    (files / "payment.parquet").write_bytes(b"PAR1")
    check_refused(compute(files), "no whole .parquet file", "payment.parquet")
    (files / "payment.parquet").unlink()
    check_refused(compute(files), "No such file", "payment.parquet")
    ask = ["--definitions", files / "set.yaml", "--events", f"report={files / 'report.parquet'}"]
    done = headrace("features", "compute", *ask, "--out", files / "out.csv")
    check_refused(done, "events of table 'payment' are not given", "--events payment=PATH")


def test_columns_that_are_wrong(files):
    table = payments()
    pq.write_table(table.rename_columns({"amount": "amuont"}), files / "payment.parquet")
    check_refused(compute(files), "amount", "amuont", "payment.parquet")
    wrong = table.set_column(3, "amount", table["paid"])
    pq.write_table(wrong, files / "payment.parquet")
    check_refused(compute(files), "'amount' holds timestamp", "payment.parquet")


def test_tables_without_rows(files):
    pq.write_table(payments([]), files / "payment.parquet")
    pq.write_table(reports([]), files / "report.parquet")
    done = compute(files, "--json")
    assert done.status == 0, done.err
    assert done.value["rows"] == 0
    assert training_set(files, "--json").value["rows"] == 4
    found = pq.read_table(files / "out.parquet")
    assert found["payments_30d"].to_pylist() == [0.0] * 4
    assert found["paid_7d"].to_pylist() == [None] * 4
    pq.write_table(labels([]), files / "labels.parquet")
    assert training_set(files, "--json").value["rows"] == 0


def test_a_real_process_prints_one_json_object_and_nothing_else(files):
    command = [sys.executable, "-m", "headrace", "features", "compute", *options(files)]
    command = [str(each) for each in [*command, "--out", files / "out.parquet", "--json"]]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["rows"] == 100


# --- explain --------------------------------------------------------------------------------------


def test_explain_shows_value_window_and_events(files):
    done = explain(files, "3", "paid_share", "--at", "2024-02-01")
    assert done.status == 0, done.err
    for said in (
        "paid_share of customer=3 =",
        "paid_7d divided by payments_30d",
        "2024-01-25 23:59:59.999999 < time ≤ 2024-02-01 23:59:59.999999  Asia/Shanghai",
        "sum of amount in 7 days",
    ):
        assert said in done.out, done.out
    found = explain(files, "customer=3", "paid_share", "--at", "2024-02-01", "--json").value
    compiled, history = direct()
    end = datetime(2024, 2, 1, 15, 59, 59, 999_999, tzinfo=UTC)
    keys = pa.table({"customer": ["3"], "terminal": ["T0"]})
    values = read(compiled, history, keys, end).table.to_pylist()[0]
    assert found["value"] == values["paid_share"]
    paid, counted = found["parts"]
    assert paid["value"] == values["paid_7d"] == sum(each["amount"] for each in paid["events"])
    assert counted["counted"] == values["payments_30d"]
    days = [each["paid"] for each in counted["events"]]
    assert days == sorted(days, reverse=True)


def test_explain_of_another_key_and_window(files):
    ask = ["terminal_month", "--at", "2024-02-10T12:00", "--json"]
    found = explain(files, "T1", *ask).value
    (part,) = found["parts"]
    assert part["window"]["start"] == "2024-02-01 00:00:00"
    assert part["counted"] == part["value"] == len(part["events"])
    assert explain(files, "terminal=T1", *ask).value == found
    last = explain(files, "4", "cash_last", "--at", "2024-03-30", "--json").value
    assert last["parts"][0]["counted"] == 1
    assert last["parts"][0]["events"][0]["kind"] == 1
    assert last["value"] == last["parts"][0]["events"][0]["amount"]


def test_explain_marks_what_the_filter_leaves_out(files):
    ask = ["4", "cash_last", "--at", "2024-02-24T20:00"]
    found = explain(files, *ask, "--all", "--json").value["parts"][0]
    assert [each["kind"] for each in found["events"] if not each["counted"]] == [0] * (
        len(found["events"]) - 1
    )
    assert found["counted"] == 1
    assert "left out by the filter" in explain(files, *ask, "--all").out
    assert "left out by the filter" not in explain(files, *ask).out


def test_explain_lists_a_part_or_all(files):
    ask = ["3", "payments_30d", "--at", "2024-02-28"]
    short = explain(files, *ask, "--limit", 2, "--csv", files / "all.csv")
    assert "the newest 2 are shown" in short.out
    whole = pa_csv.read_csv(files / "all.csv")
    assert whole.num_rows == explain(files, *ask, "--json").value["value"] > 2
    assert whole.column_names[:2] == ["measure", "paid"]
    assert "nothing given is later" in explain(files, *ask[:3], "2025-01-01").out


def test_explain_sees_nothing_before_it_is_known(files):
    """A payment of noon that was told at five is not there at one."""
    at = "2024-01-10T09:00"  # the first payment was made at eight and told at one
    found = explain(files, "0", "payments_30d", "--at", at, "--json").value
    assert (found["value"], found["parts"][0]["events"]) == (0.0, [])
    after = explain(files, "0", "payments_30d", "--at", "2024-01-10T13:00", "--json").value
    assert after["value"] == len(after["parts"][0]["events"]) == 1


def test_explain_refuses_what_it_cannot_answer(files):
    at = ["--at", "2024-02-01"]
    check_told(explain(files, "3", "paid_8d", *at), "is paid_7d meant")
    check_told(explain(files, "Q", "paid_7d", *at), "no event is of customer=Q")
    check_told(explain(files, "shop=3", "paid_7d", *at), "customer=shop=3")
    check_refused(explain(files, "3", "paid_7d"), "the moment is missing")
    check_refused(explain(files, "3", "paid_7d", "--at", "later"), "'later' is no time")
    check_refused(
        explain(files, "3", "paid_7d", *at, "--csv", files / "x.pdf"), "cannot be written"
    )
    check_refused(explain(files, "3", "paid_7d", *at, "--out", files), "has its own facts")


def test_explain_from_a_run(ran):
    ask = ["features", "explain", "S17", "sales_12m", "--out", ran]
    found = headrace(*ask, "--json").value
    lines = headrace("explain", "S17", "--out", ran, "--json").value
    assert found["value"] == lines["features"].get("sales_12m", found["value"])
    assert found["parts"][0]["counted"] > 0
    total = sum(each["amount_minor"] for each in headrace(*ask, "--limit", 10**6, "--json")
                .value["parts"][0]["events"])  # fmt: skip
    assert total == found["value"]
    done = headrace(*ask, "--at", "2018-06-30")
    assert done.status == 0, done.err
    assert "as of       2018-06-30" in done.out
    check_refused(headrace(*ask, "--pack", "payments"), "the run is of the pack")
    assert headrace("features", "explain", "S999", *ask[3:]).status == 2
    check_refused(headrace("features", "explain", "S17", "ring_count", "--out", ran), "ring_count")

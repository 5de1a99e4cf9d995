"""`headrace features revisions`: files in, every value that is another by now out, and why."""

from pathlib import Path

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from commands import Done, check_refused, headrace

DEFINITIONS = """\
tables:
  - name: invoice
    zone: Asia/Shanghai
    time: issued
    known: told
    id: number
    key: firm
    columns: {firm: category, buyer: category, amount: {number: 2}}
    required: [firm]
features:
  - {name: sales_30d, sum: amount, window: 30 days}
  - {name: sales_7d, sum: amount, window: 7 days}
  - {name: week_share, ratio: [sales_7d, sales_30d]}
  - {name: bought, sum: amount, by: buyer, window: ever}
  - {name: share, ratio: [sales_30d, bought]}
"""
INVOICES = """\
number,firm,buyer,amount,issued,told
a,7,B1,100.00,2018-03-01,2018-03-01
b,8,B1,500.00,2018-03-02,2018-03-02
c,7,B2,200.00,2018-03-05,2018-03-05
red,7,B1,-100.00,2018-03-04,2018-03-24
d,7,B2,50.00,2018-03-20 08:30,2018-03-20
x,7,B2,fifty,2018-03-20,2018-03-20
y,7,B2,1.00,2018-03-21,
"""
VOIDS = """\
number,firm,buyer,issued,told
c,7,B2,2018-03-05,2018-03-26
"""


@pytest.fixture
def files(tmp_path) -> Path:
    (tmp_path / "set.yaml").write_text(DEFINITIONS)
    (tmp_path / "invoices.csv").write_text(INVOICES)
    (tmp_path / "voids.csv").write_text(VOIDS)
    return tmp_path


def revisions(folder: Path, *more: object, since: str = "2018-03-23") -> Done:
    return headrace(
        "features", "revisions", "--definitions", folder / "set.yaml", "--since", since,
        "--events", folder / "invoices.csv", "--voids", folder / "voids.csv", *more,
    )  # fmt: skip


def test_changes_are_shown_by_their_cause_the_newest_first(files):
    done = revisions(files)
    assert done.status == 0, done.err
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0] == (
        "7 values of 2 keys changed, by 2 late events and voids known after 2018-03-23"
    )
    assert lines[1] == "looked at 1 event, 1 of them late; 1 void"
    assert lines[2] == "not told made of several keys or tables: share"
    void = lines.index("void of invoice c of 2018-03-05, known 2018-03-26 (21 days after)")
    late = lines.index("late invoice red of 2018-03-04, known 2018-03-24 (20 days after)")
    assert lines[void + 1 : void + 6] == [
        "buyer B2 values from to before after",
        "bought 1 2018-03-20 08:30:00 2018-03-20 08:30:00 250 50",
        "firm 7 values from to before after",
        "sales_30d 1 2018-03-20 08:30:00 2018-03-20 08:30:00 250 50",
        "week_share 1 2018-03-20 08:30:00 2018-03-20 08:30:00 0.2 1",
    ]
    assert void < late
    assert lines[late + 1 : late + 6] == [
        "firm 7 values from to before after",
        "sales_30d 2 2018-03-05 2018-03-20 08:30:00 350 250",
        "sales_7d 1 2018-03-05 2018-03-05 300 200",
        "week_share 1 2018-03-20 08:30:00 2018-03-20 08:30:00 0.142857142857 0.2",
        "",
    ]
    assert "! rows that could not be used" in lines
    assert "invoice, row 6: amount 'fifty' is not a number" in lines
    assert "invoice, row 7: told is missing" in lines


def test_one_json_value_has_every_change(files):
    found = revisions(files, "--json").value
    assert (found["events"], found["late"], found["voids"]) == (1, 1, 1)
    assert [(each["id"], each["values"]) for each in found["causes"]] == [("red", 4), ("c", 3)]
    assert len(found["changes"]) == found["values"] == 7
    assert {row["row"] for row in found["quarantine"]} == {6, 7}
    first = found["changes"][0]
    assert (first["id"], first["feature"], first["before"], first["after"]) == (
        "red", "sales_30d", 300.0, 200.0
    )  # fmt: skip


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_a_result_has_every_change_and_bad_rows_beside_it(ending, files):
    out = files / f"changed.{ending}"
    done = revisions(files, "--out", out, "--limit", 1, "--json")
    assert done.status == 0, done.err
    assert "changes" not in done.value
    assert done.value["out"] == str(out)
    assert done.value["quarantine"] == str(files / "changed.quarantine.csv")
    if ending != "xlsx":
        table = (pa_csv.read_csv if ending == "csv" else pq.read_table)(out)
        assert table["after"].to_pylist()[:2] == [200.0, 200.0]
        assert table.num_rows == done.value["values"]
        assert str(table["known"][0]) == "2018-03-24 23:59:59.999999"  # on the table's clock
    done = revisions(files, "--out", out, "--limit", 1)
    assert "the newest 1 of 2 are shown; --out FILE writes all" in done.out
    assert "rows that could not be used" in done.out


def test_of_one_key_or_feature_only(files):
    firm = revisions(files, "--key", "firm=7", "--json").value
    assert {row["key"] for row in firm["changes"]} == {"firm 7"}
    assert firm["values"] == 6
    buyer = revisions(files, "--key", "buyer=B2", "--json").value
    assert [(row["feature"], row["before"], row["after"]) for row in buyer["changes"]] == [
        ("bought", 250.0, 50.0)
    ]
    other = revisions(files, "--key", "firm=8", "--json").value
    assert other["values"] == other["keys"] == 0
    week = revisions(files, "--feature", "sales_7d", "--json").value
    assert {row["feature"] for row in week["changes"]} == {"sales_7d"}
    check_refused(revisions(files, "--key", "7"), "several keys", "firm=…; or buyer=…")


def test_nothing_changed_is_said(files):
    done = revisions(files, since="2018-03-26")
    assert done.status == 0
    assert "✓ nothing known after 2018-03-26 changed a value given before" in done.out
    done = revisions(files, "--until", "2018-03-23T20:00", since="2018-03-22")
    assert "nothing known after 2018-03-22 and by 2018-03-23 20:00:00 changed" in done.out


def test_what_cannot_be_asked_is_refused(files):
    check_refused(revisions(files, "--until", "2018-03-01"), "not after the beginning")
    check_refused(revisions(files, since="soon"), "--since", "no time")
    check_refused(revisions(files, "--out", files / "invoices.csv"), "replace what is read")
    (files / "set.yaml").write_text(DEFINITIONS.replace("    known: told\n", "    known: null\n"))
    check_refused(revisions(files), "do not say when they became known", "known: COLUMN")

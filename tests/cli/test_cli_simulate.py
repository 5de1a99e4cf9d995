"""`headrace simulate`: on a run's folder, on a history, every option, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

from headrace.adapters.policy_sheets import read_workbook
from headrace.decisions.tables.grid import read_grid
from headrace.decisions.tables.sheet import read_csv
from headrace.packs import load
from headrace.simulator.card_payments import GENUINE, CardSettings, simulate_card_payments

ACCESS = load("sme_invoices").require_lending().files["access.csv"]
STRICTER = ACCESS.replace("-,-,< 6,", "-,-,< 24,")
SINCE = "2024-01-20"
STREAM = CardSettings(payments=6_000, customers=80, terminals=150, days=45)


@pytest.fixture
def stricter(tmp_path) -> Path:
    path = tmp_path / "new" / "access.csv"
    path.parent.mkdir()
    path.write_text(STRICTER, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def payments(tmp_path_factory) -> Path:
    """A simulated stream of card payments with its labels, and a policy."""
    folder = tmp_path_factory.mktemp("payments")
    drawn = simulate_card_payments(STREAM, 5)
    rng = np.random.default_rng(1)
    regions = np.array(["north", "south"])[rng.integers(2, size=STREAM.payments)]
    table = drawn.payments.append_column("fraud", pa.array(drawn.scenario != GENUINE))
    table = table.append_column("region", pa.array(regions))
    pq.write_table(table, folder / "payments.parquet")
    pa.csv.write_csv(table, folder / "payments.csv")
    policy = folder / "policy"
    policy.mkdir()
    (policy / "policy.yaml").write_text(
        "policy: cards\ncustomer: customer\ninputs: {customer: string, amount: number}\n"
        "steps:\n- table: velocity\notherwise: approve\n"
    )
    (policy / "velocity.csv").write_text(velocity(25_000))
    (folder / "velocity.csv").write_text(velocity(15_000))
    (folder / "features.yaml").write_text(FEATURES)
    return folder


def velocity(most: int) -> str:
    return (
        "# table,velocity\n# hit policy,FIRST\nin:customer_payments_1d,in:amount,out:action\n"
        f"-,> {most},decline\n> 12,-,refer\n"
    )


FEATURES = """\
tables:
  - name: payment
    time: event_time
    key: customer
    columns: {customer: category, amount: number}
    required: [customer, amount]
features:
  - {name: customer_payments_1d, count: events, window: 3 days}
"""


def on_history(payments, *options):
    return headrace(
        "simulate", "--policy", payments / "velocity.csv", "--old", payments / "policy",
        "--pack", "payments", "--events", f"payment={payments / 'payments.parquet'}",
        "--since", SINCE, *options,
    )  # fmt: skip


def test_a_run_is_decided_again(ran, stricter, tmp_path):
    page, sheet = tmp_path / "w.html", tmp_path / "c.xlsx"
    done = headrace(
        "simulate", "--policy", stricter, "--out", ran, "--html", page, "--xlsx", sheet, "--json"
    )
    assert done.status == 0, done.err
    value = done.value
    assert value["cases"] == 60
    assert value["simulated"]
    assert value["currency"] == "CNY"
    assert value["written"] == ["w.html", "c.xlsx"]
    assert value["policies"]["old"]["digest"] != value["policies"]["new"]["digest"]
    old, new = (value["whole"][side] for side in ("old", "new"))
    assert new["approved"] <= old["approved"]
    assert old["expected_known"] == old["approved"]
    assert {"industry", "region", "rating_class"} <= set(value["parts"])
    approved = sum(part["old"]["approved"] for part in value["parts"]["industry"])
    assert approved == old["approved"]
    assert b"<!doctype html>" in page.read_bytes()
    assert sheet.read_bytes()[:2] == b"PK"


def test_the_old_policy_approves_whom_the_run_could_lend_to(ran, stricter):
    """Whom the book of the run lends to, the policy in force approves here, within its cap."""
    done = headrace("simulate", "--policy", stricter, "--out", ran, "--json")
    lent = pq.read_table(ran / "decisions.parquet").to_pylist()
    approved = [row for row in lent if row["outcome"] == "approve"]
    assert len(approved) <= done.value["whole"]["old"]["approved"]
    assert (
        sum(row["limit_minor"] for row in approved)
        <= (done.value["whole"]["old"]["exposure_minor"])
    )


def test_a_run_is_printed_in_both_languages(ran, stricter):
    english = headrace("simulate", "--policy", stricter, "--out", ran)
    assert "approval rate" in english.out
    assert "expected loss" in english.out
    assert "95 % intervals in brackets" in english.out
    chinese = headrace("simulate", "--policy", stricter, "--out", ran, "--lang", "zh")
    assert "批准率" in chinese.out
    assert "预期损失" in chinese.out


def test_the_same_policy_changes_nothing(ran, tmp_path):
    same = tmp_path / "access.csv"
    same.write_text(ACCESS, encoding="utf-8")
    done = headrace("simulate", "--policy", same, "--out", ran, "--json")
    assert done.value["changed"] == 0
    assert done.value["moved"] == []
    assert done.value["whole"]["old"] == done.value["whole"]["new"]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "yaml", "dmn"])
def test_a_search_saves_an_edited_table(ran, stricter, tmp_path, ending):
    saved = tmp_path / f"found.{ending}"
    done = headrace(
        "simulate", "--policy", stricter, "--out", ran, "--target", "expected_loss <= 0.08",
        "--move", "sales_months_active", "--save", saved, "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    search = done.value["search"]
    assert search["exact"] is False or search["bounds"] == 1
    assert search["table"] == "access"
    if ending == "csv":
        names = ("party", "rating_class", "limit")
        before, after = read_csv(STRICTER, "a", names), read_csv(saved.read_bytes(), "a", names)
        changed = [
            (one, other)
            for one, other in zip(before.rules, after.rules, strict=True)
            if one.tests != other.tests
        ]
        assert len(changed) == len({each["en"].partition(":")[0] for each in search["changes"]})
    if ending == "xlsx":
        (rows,) = read_workbook(saved.read_bytes(), "x").values()
        assert read_grid(rows, "x", ("party", "rating_class", "limit")).name == "access"
        folder = tmp_path / "again"
        folder.mkdir()
        shutil.copy(saved, folder / "access.xlsx")
        again = headrace("simulate", "--policy", saved, "--out", ran, "--json")
        assert again.status == 0, again.err
        assert again.value["policies"]["new"]["digest"] != done.value["policies"]["old"]["digest"]


def test_a_history_is_decided_again(payments, tmp_path):
    page = tmp_path / "w.html"
    done = on_history(
        payments, "--label", "fraud", "--exposure", "amount", "--by", "region", "--group",
        "region", "--html", page, "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    value = done.value
    assert value["left_out"] == 0
    assert value["whole"]["new"]["approved"] < value["whole"]["old"]["approved"]
    assert value["whole"]["new"]["labelled"] == value["whole"]["new"]["approved"]
    assert value["whole"]["old"]["expected_known"] == 0  # neither policy has a model
    assert [each["value"] for each in value["parts"]["region"]] == ["north", "south"]
    assert value["fairness"][0]["name"] == "region"
    ways = {(each["old"], each["new"]) for each in value["moved"]}
    assert ("approve", "decline") in ways
    assert "velocity, rule 1" in value["moved"][0]["new_by"]


def test_the_new_policy_sees_changed_definitions(payments):
    """Payments of three days under the name of one: more of them are more than twelve."""
    policy = ("--old", payments / "policy", "--policy", payments / "policy")
    changed = ("--pack", "payments", "--features", payments / "features.yaml")
    events = ("--events", f"payment={payments / 'payments.parquet'}", "--since", SINCE)
    done = headrace("simulate", *policy, *changed, *events, "--json")
    assert done.status == 0, done.err
    ways = {(each["old"], each["new"]): each["count"] for each in done.value["moved"]}
    assert set(ways) == {("approve", "refer")}
    alone = headrace("simulate", *policy, *changed[2:], *events, "--json")
    assert alone.value["changed"] == 0
    assert alone.value["whole"]["new"] == done.value["whole"]["new"]


def test_a_history_in_csv_says_the_same(payments):
    binary = on_history(payments, "--label", "fraud", "--exposure", "amount", "--json").value
    done = headrace(
        "simulate", "--policy", payments / "velocity.csv", "--old", payments / "policy",
        "--pack", "payments", "--events", f"payment={payments / 'payments.csv'}", "--since", SINCE,
        "--label", "fraud", "--exposure", "amount", "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert done.value["whole"] == binary["whole"]


def test_a_target_on_realised_loss(payments, tmp_path):
    saved = tmp_path / "velocity.csv"
    done = on_history(
        payments, "--label", "fraud", "--exposure", "amount", "--target", "realised_loss <= 0.05",
        "--save", saved, "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    search = done.value["search"]
    share = search["searched"]["new"]["figures"]["realised_loss_share"]["value"]
    assert share <= 0.05
    assert search["holds"] in {True, False}
    assert read_csv(saved.read_bytes(), "v").name == "velocity"


def test_the_packs_own_policy_and_model_judge(payments, tmp_path):
    reports = tmp_path / "reports.parquet"
    pq.write_table(simulate_card_payments(STREAM, 5).fraud_reports, reports)
    own = tmp_path / "velocity.csv"
    shipped = Path(headrace.__code__.co_filename).parents[2]
    text = (shipped / "src/headrace/packs/payments/policy/velocity.csv").read_text("utf-8")
    own.write_text(text.replace("> 22000", "> 5000"), encoding="utf-8")
    done = headrace(
        "simulate", "--policy", own, "--pack", "payments", "--since", SINCE,
        "--events", f"payment={payments / 'payments.parquet'}",
        "--events", f"fraud_report={reports}", "--exposure", "amount", "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    whole = done.value["whole"]
    assert whole["new"]["approved"] < whole["old"]["approved"]
    assert whole["new"]["expected_known"] == whole["new"]["approved"]
    assert any("by fraud" in note["en"] for note in done.value["notes"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "a run or from a history"),
        (("--out", "x", "--events", "payment=x"), "a run or from a history"),
        (("--events", "payment=x"), "first day"),
        (("--out", "x", "--save", "t.csv"), "--target"),
        (("--out", "x", "--html", "t.pdf"), ".pdf"),
        (("--out", "x", "--html", "no/such/t.html"), "no such folder"),
        (("--out", "x", "--target", "profit >= 1"), "no target"),
        (("--out", "x", "--currency", "XXX"), "XXX"),
        (("--events", "payment=x", "--since", "2024-01-01"), "--features"),
        (("--events", "payment=x", "--since", "someday", "--pack", "payments"), "payment=x"),
    ],
)
def test_what_cannot_be_is_refused(stricter, monkeypatch, tmp_path, options, said):
    monkeypatch.chdir(tmp_path)
    done = headrace("simulate", "--policy", stricter, *options)
    assert done.status == 2
    assert "Traceback" not in done.err
    if said != "payment=x":
        check_refused(done, said)


def test_a_table_that_the_policy_has_not_is_refused(ran, tmp_path):
    other = tmp_path / "velocity.csv"
    other.write_text(velocity(3))
    check_refused(headrace("simulate", "--policy", other, "--out", ran), "velocity.csv")
    check_refused(headrace("simulate", "--policy", tmp_path / "no.csv", "--out", ran), "no.csv")


def test_a_run_before_the_first_day_is_refused(ran, stricter):
    done = headrace("simulate", "--policy", stricter, "--out", ran, "--since", "2099-01-01")
    check_refused(done, "--since")
    assert json.loads(
        headrace(
            "simulate", "--policy", stricter, "--out", ran, "--since", "2001-01-01", "--json"
        ).out
    )

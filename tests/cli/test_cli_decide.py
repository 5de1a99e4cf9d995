"""`headrace stream`, `decide`, `replay` and `restate`, as a user types them."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

from headrace import packs

PAYMENTS = 1_500


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stream")
    headrace("stream", "--out", folder, "--payments", PAYMENTS, "--seed", 5)
    return folder


@pytest.fixture(scope="module")
def live(stream, tmp_path_factory):
    folder = tmp_path_factory.mktemp("decided") / "live"
    done = headrace(
        "decide", f"payment={stream}/payment.parquet",
        f"fraud_report={stream}/fraud_report.parquet", "--live", folder,
        "--out", folder.parent / "decisions.csv", "--json",
    )  # fmt: skip
    told = done.value
    assert told["decisions"] == PAYMENTS
    assert sum(told["actions"].values()) == PAYMENTS
    return folder


def test_the_stream_says_that_it_is_simulated(stream):
    metadata = pq.read_schema(stream / "payment.parquet").metadata
    assert metadata[b"simulated"].startswith(b"seed 5")


def test_decisions_are_a_sheet_with_one_row_each(live):
    text = (live.parent / "decisions.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[0].replace('"', "") == "decision,row,arm,action,decided_by,reason"
    assert len(text.splitlines()) == PAYMENTS + 1


def test_what_came_before_gets_the_decision_it_got_then(live, stream):
    before = headrace("replay", "--live", live, "--json").value["decisions"]
    done = headrace("decide", f"payment={stream}/payment.parquet", "--live", live)
    assert f"{PAYMENTS:,} decisions" in done.out
    after = headrace("replay", "--live", live, "--json").value["decisions"]
    assert before == after == PAYMENTS


def test_a_replay_says_how_many_differ(live):
    done = headrace("replay", "--live", live)
    assert f"{PAYMENTS:,} replayed, 0 differ" in done.out
    one = headrace("replay", "17", "--live", live, "--json").value
    assert (one["decisions"], one["differ"]) == (1, 0)


def test_a_changed_file_is_the_cause_and_the_status_is_1(live, tmp_path):
    (version,) = (live / "policies").iterdir()
    file = version / "response.csv"
    before = file.read_bytes()
    file.write_bytes(before.replace(b"> 0.9", b"> 0.01"))
    try:
        done = headrace("replay", "--live", live)
    finally:
        file.write_bytes(before)
    assert done.status == 1
    assert "cause: table response of version" in done.out


def test_restated_facts_list_what_would_have_differed(live, stream, tmp_path):
    ids = pq.read_table(stream / "payment.parquet")["id"].slice(300, 200)
    pq.write_table(pa.table({"id": ids}), tmp_path / "back.parquet")
    out = tmp_path / "differ.csv"
    done = headrace(
        "restate", "--voids", f"payment={tmp_path}/back.parquet", "--live", live, "--out", out,
        "--json",
    )  # fmt: skip
    told = done.value
    assert told["decisions"] == PAYMENTS
    assert told["differ"] == len(told["decisions_that_differ"])
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == told["differ"] + 1
    shown = headrace("restate", "--voids", f"payment={tmp_path}/back.parquet", "--live", live)
    assert f"{told['differ']:,} would have differed" in shown.out


def test_the_version_in_force_in_a_store_decides_with_its_lists(stream, tmp_path):
    pack, folder, store = packs.load("payments"), tmp_path / "policy", tmp_path / "policies.db"
    folder.mkdir()
    for name, content in pack.policy.items():
        (folder / name).write_bytes(content.replace(b"> 22000", b"> 100"))
    told = ["--store", store, "--lang", "en"]
    decide = ["decide", f"payment={stream}/payment.parquet", "--store", store, "--json", "--live"]
    headrace("policy", "propose", folder, "--pack", "payments", "--author", "wang",
             "--comment", "strict", *told)  # fmt: skip
    headrace("policy", "approve", 1, "--by", "li", *told)
    refused = headrace(*decide, tmp_path / "early")
    check_refused(refused, "no version of the policy 'payments' is in force")
    headrace("policy", "activate", 1, "--by", "li", *told)
    customer = pq.read_table(stream / "payment.parquet")["customer"][0].as_py()
    added = headrace("policy", "list", "add", "blocked", customer, "--by", "chen", "--reason",
                     "stolen", "--from", "2020-01-01T00:00Z", *told)  # fmt: skip
    assert added.status == 0, added.err
    found = headrace(*decide, tmp_path / "live").value
    assert found["actions"]["refer"] > PAYMENTS * 0.9  # almost every payment is above 1.00
    (version,) = (tmp_path / "live" / "policies").iterdir()
    assert "stolen" in (version / "lists.csv").read_text(encoding="utf-8-sig")
    # the entry was recorded today: a payment of 2024 is decided by the list of 2024
    assert (
        headrace("explain", "0", "--live", tmp_path / "live", "--json").value["action"] == "refer"
    )


def test_hits_count_every_rule_and_point_at_those_that_never_speak(live):
    tables = headrace("hits", "--live", live, "--json").value
    assert {each["table"] for each in tables} == {"velocity", "response"}
    (response,) = [each for each in tables if each["table"] == "response"]
    assert sum(sum(each["spoke"]) for each in response["periods"]) == PAYMENTS  # FIRST: one each
    silent = [found["rules"] for found in response["findings"] if found["code"] == "never_speaks"]
    assert [1] in silent  # the model was never late
    assert "规则" in headrace("hits", "--live", live).out


def test_a_decision_is_explained_and_the_customer_told_less(live):
    told = headrace("explain", "17", "--live", live, "--json").value
    assert told["decision"] == "17"
    said = headrace("explain", "17", "--live", live, "--lang", "en", "--customer").out
    assert said.strip().endswith(".")
    assert "response" not in said
    assert "to the customer" in headrace("explain", "17", "--live", live, "--lang", "en").out


def test_alerts_become_cases_once(live, stream, tmp_path):
    store = tmp_path / "cases.db"
    decide = ["decide", f"payment={stream}/payment.parquet", "--live", live, "--cases", store]
    first = headrace(*decide, "--json").value
    alerts = PAYMENTS - first["actions"]["approve"]
    assert 0 < first["cases_opened"] <= alerts
    assert headrace(*decide, "--json").value["cases_opened"] == 0
    listed = headrace("cases", "list", "--store", store, "--json").value
    assert len(listed["cases"] if isinstance(listed, dict) else listed) == first["cases_opened"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["restate", "--live", "nowhere"], "facts come late, or are taken back"),
        (["replay", "--live", "nowhere"], "nothing was decided here"),
        (["hits", "--live", "nowhere"], "nothing was decided here"),
        (["decide", "payment", "--live", "x"], "'payment' is no table and file"),
        (["decide", "fraud_report=x.csv", "--live", "x"], "x.csv"),
        (["decide", "payment=x.csv", "--live", "x", "--pack", "sme_invoices"], "no policy for"),
    ],
)
def test_what_cannot_be_is_refused_with_a_next_step(arguments, problem):
    check_refused(headrace(*arguments), problem)

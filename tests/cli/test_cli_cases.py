"""`headrace cases`: who works what, until when, and what it turned out."""

import contextlib
import io
import json

import pytest
import typer
from commands import Done

from case_sample import HOUR, alert
from headrace.adapters.stores.case import CaseStore
from headrace.adapters.wall_clock import now
from headrace.commands.cases import app
from headrace.errors import HeadraceError
from headrace.monitor.cases import RefusedError


@pytest.fixture
def store(tmp_path):
    """Three cases: two of today, one long overdue."""
    path = tmp_path / "cases.db"
    opened = CaseStore.opened(str(path))
    moment = now()
    opened.take([alert("old", customer="C9", at=moment - 99 * HOUR)], moment - 99 * HOUR)
    opened.take([alert("d1", at=moment), alert("d2", "block", at=moment)], moment)
    opened.take([alert("d3", "notify", at=moment, customer="C3")], moment)
    opened.close()
    return path


@pytest.fixture
def cases(store):
    """Runs `headrace cases` on the store; what it refuses is raised."""

    def run(*arguments):
        out = io.StringIO()
        told = [str(each) for each in (*arguments, "--store", store)]
        with contextlib.redirect_stdout(out):
            typer.main.get_command(app).main(told, standalone_mode=False)
        return Done(0, out.getvalue(), "")

    return run


def test_cases_are_listed_those_due_first_at_the_top(cases):
    told = cases("list", "--json").value
    assert [(each["case"], each["overdue"]) for each in told] == [(1, True), (2, False), (3, False)]
    assert [len(each["alerts"]) for each in told] == [1, 2, 1]
    english = cases("list", "--lang", "en").out.splitlines()
    assert english[0].split()[:3] == ["case", "state", "severity"]
    assert "overdue" in english[1]
    assert "block" in english[2]
    assert "overdue" not in english[2]
    chinese = cases("list").out
    assert "已逾期" in chinese
    assert "人工审核" in chinese


def test_cases_are_chosen(cases):
    cases("assign", 2, "--to", "Ann", "--by", "Bob")
    cases("close", 2, "--outcome", "genuine", "--by", "Ann")
    cases("assign", 3, "--to", "Eve", "--by", "Bob")

    def numbers(*options):
        return [each["case"] for each in cases("list", "--json", *options).value]

    assert numbers() == [1, 3]
    assert numbers("--state", "all") == [1, 3, 2]
    assert numbers("--state", "closed") == [2]
    assert numbers("--state", "in_review") == [3]
    assert numbers("--owner", "Eve") == [3]
    assert numbers("--customer", "C9") == [1]
    assert numbers("--overdue") == [1]
    assert cases("list", "--owner", "nobody", "--lang", "en").out == "no cases\n"
    with pytest.raises(HeadraceError, match="no state"):
        cases("list", "--state", "sleeping")


def test_a_case_is_shown_with_everything_that_happened(cases):
    cases("assign", 2, "--to", "Ann", "--by", "Bob", "--comment", "you know her")
    told = cases("show", 2, "--lang", "en").out
    for each in ("d1", "d2", "large", "T1", "you know her", "assigned to Ann", "in review"):
        assert each in told
    shown = cases("show", 2, "--json").value
    assert shown["owner"] == "Ann"
    assert shown["events"][-1]["comment"] == "you know her"
    assert "处理中" in cases("show", 2).out


def test_fraud_says_the_entry_and_the_reports_that_follow(cases):
    cases("assign", 2, "--to", "Ann", "--by", "Bob")
    done = cases("close", 2, "--outcome", "fraud", "--by", "Ann", "--list", "blocked", "--days", 30,
                 "--json")  # fmt: skip
    told = done.value
    assert told["outcome"] == "fraud"
    assert told["list_entry"]["value"] == "C1"
    assert told["list_entry"]["list"] == "blocked"
    assert [each["id"] for each in told["fraud_reports"]] == ["d1", "d2"]
    assert told["fraud_reports"][0]["terminal"] == "T1"
    json.dumps(told)


def test_fraud_says_the_command_that_blocks_the_customer(cases):
    cases("assign", 2, "--to", "Ann Lee", "--by", "Bob")
    told = cases("close", 2, "--outcome", "fraud", "--by", "Ann Lee", "--list", "blocked").out
    assert "headrace policy list add blocked C1 --by 'Ann Lee' --reason confirmed_fraud" in told
    assert "结案: 欺诈" in told


def test_a_list_is_for_fraud_alone(cases):
    cases("assign", 2, "--to", "Ann", "--by", "Bob")
    with pytest.raises(HeadraceError, match="Only fraud"):
        cases("close", 2, "--outcome", "genuine", "--by", "Ann", "--list", "blocked")
    assert cases("show", 2, "--json").value["state"] == "in_review"
    assert "list_entry" not in cases("close", 2, "--outcome", "genuine", "--by", "Ann",
                                     "--json").value  # fmt: skip


def test_a_case_is_reopened_with_a_reason(cases):
    cases("assign", 2, "--to", "Ann", "--by", "Bob")
    cases("close", 2, "--outcome", "unclear", "--by", "Ann")
    told = cases("reopen", 2, "--by", "Bob", "--comment", "she called", "--lang", "en").out
    assert "reopened  she called" in told
    assert cases("show", 2, "--json").value["state"] == "in_review"


def test_refusals_name_what_must_hold(cases, tmp_path):
    with pytest.raises(RefusedError, match="closed case is reopened"):
        cases("reopen", 2, "--by", "Bob", "--comment", "why")
    with pytest.raises(RefusedError, match="must be assigned"):
        cases("close", 2, "--outcome", "fraud", "--by", "Bob")
    with pytest.raises(RefusedError, match="case must exist"):
        cases("show", 99)

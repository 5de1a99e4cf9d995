"""Restated facts list the decisions that would have differed: exactly those, with their stake."""

import numpy as np
import pyarrow as pa
import pytest

from card_policy import FEATURES, VELOCITY, opened, payments, refunds, version
from headrace.adapters.live.decision_log import kept_versions, read_taken
from headrace.adapters.policy_sheets import read_workbook
from headrace.decisions.flow.rollout import Deployment
from headrace.errors import InputError
from headrace.workflows.late_truth import Restated, differing

ONE_CARD = (
    ("a", "c1", 0, 10),
    ("b", "c1", 1, 20),
    ("c", "c1", 2, 30),  # the third within a week: step_up
    ("d", "c1", 3, 40),
    ("e", "c2", 4, 50),
    ("f", "c1", 200, 60),
)


@pytest.fixture
def folder(tmp_path):
    with opened(tmp_path) as decisions:
        decisions.decide(payments(*ONE_CARD[:3]))
        for row in payments(*ONE_CARD[3:]).to_pylist():
            decisions.decide_one(row)
    return tmp_path


def found_in(folder, restated):
    taken, features = read_taken(folder)
    assert features == FEATURES
    return differing(taken, restated, kept_versions(folder, read_workbook), features)


def test_a_payment_taken_back_changes_the_decisions_whose_windows_held_it(folder):
    found = found_in(folder, Restated("payment", voided=pa.array(["b"])))
    rows = {row["decision"]: row for row in found.table.to_pylist()}
    # c is the second then; d the third, still too many, but its limit is another; f is a week on
    assert set(rows) == {"c", "d"}
    assert (rows["c"]["action_before"], rows["c"]["action_after"]) == ("step_up", "approve")
    assert rows["c"]["recorded"] == "step_up"
    assert rows["d"]["action_before"] == rows["d"]["action_after"] == "step_up"
    assert rows["d"]["results_changed"] == "limit 0 -> 20"
    assert "count_7d 4 -> 3" in rows["d"]["inputs_changed"]
    assert [row["decision"] for row in found.table.to_pylist()] == ["d", "c"]  # 40 before 30
    assert (found.exposure_minor, found.without_exposure, found.decisions) == (70, 0, 6)


def test_the_event_that_is_taken_back_has_no_decision_to_differ(folder):
    found = found_in(folder, Restated("payment", voided=pa.array(["f"])))
    assert found.table.num_rows == 0


def test_an_event_that_comes_late_changes_those_after_it(folder):
    late = payments(("x", "c2", 3.5, 5), ("y", "c2", 3.6, 5))
    found = found_in(folder, Restated("payment", late=late))
    (row,) = found.table.to_pylist()
    assert (row["decision"], row["action_after"], row["reason_after"]) == ("e", "step_up", "many")


def test_a_late_event_of_another_table_changes_decisions_too(folder):
    found = found_in(folder, Restated("refund", late=refunds(("r", "c1", 0.5))))
    rows = {row["decision"]: row["action_after"] for row in found.table.to_pylist()}
    assert rows == {"b": "refer", "c": "refer", "d": "refer"}  # not a, not f: a week on


def test_what_was_taken_back_before_is_no_news(folder):
    first = found_in(folder, Restated("payment", voided=pa.array(["b"])))
    again = found_in(folder, Restated("payment", voided=pa.array(["b", "b"])))
    assert first.table.equals(again.table)


@pytest.mark.parametrize(
    ("restated", "problem"),
    [
        (Restated("payment", voided=pa.array(["z"])), "no event has the id 'z'"),
        (Restated("refund", voided=pa.array(["z"])), "have no ids to take them back by"),
    ],
)
def test_what_names_no_event_is_refused(folder, restated, problem):
    with pytest.raises(InputError, match=problem):
        found_in(folder, restated)


def test_each_decision_is_made_again_by_the_version_that_made_it(tmp_path):
    strict = version(velocity_csv=VELOCITY.replace(b"> 2,", b"> 1,"))
    with opened(tmp_path) as decisions:
        decisions.decide(payments(*ONE_CARD[:2]))
        decisions.deploy(Deployment(strict))
        decisions.decide(payments(("g", "c7", 5, 1), ("h", "c7", 6, 1)))
    found = found_in(tmp_path, Restated("payment", voided=pa.array(["g"])))
    rows = {row["decision"]: row["action_after"] for row in found.table.to_pylist()}
    assert rows == {"h": "approve"}  # two were too many for the stricter version


def test_it_agrees_with_deciding_the_corrected_history_from_the_start(tmp_path):
    """The slow twin: a new folder that never saw the voided events, nor missed the late ones."""
    rng = np.random.default_rng(4)
    rows = [(f"p{n}", f"c{rng.integers(60)}", n / 3, int(rng.integers(1, 90))) for n in range(200)]
    voided = {f"p{n}" for n in rng.choice(200, 15, replace=False)}
    with opened(tmp_path / "was") as decisions:
        for start in range(0, 200, 40):
            decisions.decide(payments(*rows[start : start + 40]))
        was = {row[0]: decisions.find(row[0])["action"] for row in rows}
    with opened(tmp_path / "is") as decisions:
        decisions.decide(payments(*(row for row in rows if row[0] not in voided)))
        now = {row[0]: decisions.find(row[0]) for row in rows if row[0] not in voided}
    found = found_in(tmp_path / "was", Restated("payment", voided=pa.array(sorted(voided))))
    told = {
        row["decision"]: row["action_after"]
        for row in found.table.to_pylist()
        if row["action_before"] != row["action_after"]
    }
    assert told == {
        name: record["action"] for name, record in now.items() if record["action"] != was[name]
    }
    assert told


def test_a_folder_without_decisions_is_refused(tmp_path):
    with pytest.raises(InputError, match="nothing was decided here"):
        read_taken(tmp_path)

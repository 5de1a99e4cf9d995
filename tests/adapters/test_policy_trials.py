"""Trials on what was decided in flight: the log is read as a copy, while its owner holds it."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from headrace import packs
from headrace.adapters import policy_trials
from headrace.adapters.live.batches import decide_tables
from headrace.adapters.live.model_deadlines import Deadlines
from headrace.adapters.live.policy import PolicyFollower, decided_tables, open_live
from headrace.adapters.policy_trials import Pair, try_policy
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.terminal import Silent
from headrace.adapters.workspace import Workspace
from headrace.decisions.flow.lists import Entry, Lists
from headrace.errors import InputError
from headrace.simulator.card_payments import CardSettings, simulate_card_payments
from headrace.workflows.policy_documents import shipped_files

PACK = packs.load("payments")
OLD = shipped_files(PACK)
STRICT = {**OLD, "response.csv": OLD["response.csv"].replace(b"-,-,approve", b"-,-,refer")}
PAYMENTS = 400


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder of decisions in flight that somebody holds open, and how many there are."""
    root = tmp_path_factory.mktemp("live")
    store = PolicyStore.opened(str(root / "policies.db"))
    drawn = simulate_card_payments(CardSettings(payments=PAYMENTS, customers=20, terminals=40), 1)
    deployed = PolicyFollower(store, PACK).look(1)
    tables = {"payment": named(drawn.payments), "fraud_report": named(drawn.fraud_reports)}
    with Deadlines() as ask, open_live(root / "live", deployed.deployment, ask) as decisions:
        decide_tables(decisions, tables, decided_tables(deployed.version), 100)
        yield Workspace(root)
    store.close()


def named(events):
    at = events.schema.get_field_index("id")
    return events.set_column(at, "id", events["id"].cast(pa.string()))


def tried(workspace, folder, new, lists=None):
    return try_policy(workspace, Pair(PACK, OLD, new, lists or Lists()), folder, Silent())


def test_the_same_policy_changes_nothing(workspace, tmp_path):
    found = tried(workspace, tmp_path, OLD)
    assert found.told["cases"] == PAYMENTS
    assert found.told["changed"] == 0
    assert found.changes == ()
    assert not found.told["simulated"], "nothing said so"


def test_a_stricter_policy_changes_who_it_lets_through(workspace, tmp_path):
    found = tried(workspace, tmp_path, STRICT)
    whole = found.told["whole"]
    assert whole["new"]["approved"] < whole["old"]["approved"]
    assert found.told["changed"] == len(found.changes) > PAYMENTS / 2
    first = found.changes[0]
    assert (first["old_action"], first["new_action"]) == ("approve", "refer")
    assert {"id", "customer", "event_time"} <= set(first)
    assert isinstance(first["event_time"], str)


def test_lists_are_asked_by_both(workspace, tmp_path):
    everybody = pc.unique(
        simulate_card_payments(CardSettings(payments=PAYMENTS, customers=20, terminals=40), 1)
        .payments["customer"]
        .cast(pa.string())
    )
    entries = [Entry("blocked", each, "", 0, None, "", "desk", 0) for each in everybody.to_pylist()]
    found = tried(workspace, tmp_path, STRICT, Lists(entries))
    assert found.told["changed"] == 0
    assert found.told["whole"]["old"]["approved"] == 0


def test_the_label_of_simulated_events_is_kept(workspace, tmp_path):
    mark = workspace.folder("live") / policy_trials.LIVE_SIMULATED
    mark.write_text("simulated", encoding="utf-8")
    assert tried(workspace, tmp_path, OLD).told["simulated"]
    mark.unlink()


def test_without_history_it_is_said_what_to_do(tmp_path):
    with pytest.raises(InputError, match="no history to try"):
        tried(Workspace(tmp_path), tmp_path, OLD)


def test_a_log_without_end_is_no_matter_of_a_page(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(policy_trials, "LOG_BYTES_MAX", 10)
    with pytest.raises(InputError, match="too much to be tried"):
        tried(workspace, tmp_path, OLD)

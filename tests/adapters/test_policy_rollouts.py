"""Challengers and shadows: who is decided by whom, and what came of it, from the log itself."""

import pyarrow as pa
import pytest

from headrace import packs
from headrace.adapters.live.batches import decide_tables
from headrace.adapters.live.decision_replay import replay_log
from headrace.adapters.live.decisions import decisions_in
from headrace.adapters.live.model_deadlines import Deadlines
from headrace.adapters.live.policy import PolicyFollower, decided_tables, open_live
from headrace.adapters.policy_rollouts import compare_rollout
from headrace.adapters.policy_sheets import read_workbook
from headrace.adapters.policy_trials import Pair
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.terminal import Silent
from headrace.adapters.workspace import Workspace
from headrace.decisions.flow.lists import Lists
from headrace.decisions.flow.rollout import place_of
from headrace.errors import InputError
from headrace.simulator.card_payments import CardSettings, simulate_card_payments
from headrace.workflows.policy_documents import document_of, proposal_of, shipped_files
from headrace.workflows.policy_history import Act, Deed

PACK = packs.load("payments")
OLD = shipped_files(PACK)
STRICT = {**OLD, "response.csv": OLD["response.csv"].replace(b"-,-,approve", b"-,-,refer")}
DRAWN = simulate_card_payments(CardSettings(payments=300, customers=60, terminals=40), 1)
SHARE = 3_000  # 30 %


@pytest.fixture
def store(tmp_path):
    """Two approved versions, the first in force."""
    found = PolicyStore.opened(str(tmp_path / "policies.db"))
    for files in (OLD, STRICT):
        document = document_of("payments", files, read_workbook, PACK)
        act = found.propose(*proposal_of(document, "payments", "ann", "why"), 1)
        found.record(Act("payments", Deed.APPROVE, act.version, "bob"), 1)
    found.record(Act("payments", Deed.ACTIVATE, 1, "bob"), 1)
    yield found
    found.close()


def lived(store, root, *told):
    """A third of the events without a companion, the rest with each setting in turn."""
    follower = PolicyFollower(store, PACK)
    deployed = follower.look(10)
    tables = decided_tables(deployed.version)
    size = DRAWN.payments.num_rows // (len(told) + 1)
    with Deadlines() as ask, open_live(root / "live", deployed.deployment, ask) as decisions:
        for at in range(len(told) + 1):
            if at:
                store.record(Act("payments", Deed.SET_BESIDE, 2, "bob", told=told[at - 1]), 20 + at)
                deployed = follower.look(20 + at)
                decisions.deploy(deployed.deployment)
            some = named(DRAWN.payments.slice(at * size, size))
            decide_tables(decisions, {"payment": some}, tables, 50)
        made = [each for _, several in decisions_in(decisions.live.read_log(0)) for each in several]
    return deployed, made


def named(events):
    at = events.schema.get_field_index("id")
    return events.set_column(at, "id", events["id"].cast(pa.string()))


def compared(root, folder, name="version 2"):
    pair = Pair(PACK, OLD, STRICT, Lists())
    folder.mkdir()
    return compare_rollout(Workspace(root), pair, name, folder, Silent()).told


def approved(records):
    return sum(each["action"] in {"approve", "notify"} for each in records)


def test_a_challenger_decides_for_its_share_and_is_judged_on_it(store, tmp_path):
    deployed, made = lived(store, tmp_path, {"mode": "challenger", "share": SHARE})
    assert len(deployed.numbers) == 2
    its = [each for each in made if each["arm"] == "version 2"]
    after = [each for each in made[150:] if each["arm"] == "champion"]
    assert len(made) == 300
    assert len(its) + len(after) == 150
    assert all(each["effective"] for each in made)
    for each in made[150:]:
        is_its = place_of(str(each["inputs"]["customer"]), "payments") < SHARE
        assert (each["arm"] == "version 2") == is_its
    found = compared(tmp_path, tmp_path / "work")
    rollout = found["rollout"]
    assert (rollout["mode"], rollout["otherwise"]) == ("challenger", 0)
    assert found["cases"] == 150, "what was decided before it stood there does not count"
    old, new = rollout["compared"]["old"], rollout["compared"]["new"]
    assert (old["cases"], old["approved"]) == (len(after), approved(after))
    assert (new["cases"], new["approved"]) == (len(its), approved(its))
    apart = rollout["compared"]["differences"]["approval_rate"]
    assert apart["value"] == pytest.approx(approved(its) / len(its) - approved(after) / len(after))
    assert apart["low"] < apart["value"] < apart["high"]
    assert old["figures"]["expected_loss_share"]["value"] is not None
    assert replay_log(tmp_path / "live", read_workbook).differ == 0


def test_a_shadow_is_judged_on_what_the_champion_decides(store, tmp_path):
    told = {"mode": "challenger", "share": 1_000}, {"mode": "shadow", "share": 10_000}
    _, made = lived(store, tmp_path, *told)
    asked = [each for each in made if not each["effective"]]
    assert len(asked) == 100
    found = compared(tmp_path, tmp_path / "work")
    assert (found["rollout"]["mode"], found["cases"]) == ("shadow", 100)
    assert found["rollout"]["compared"]["new"]["approved"] == approved(asked)
    assert found["rollout"]["compared"]["old"]["approved"] == approved(
        [each for each in made[-200:] if each["effective"]]
    )


def test_a_new_start_keeps_who_stands_beside(store, tmp_path):
    lived(store, tmp_path, {"mode": "challenger", "share": SHARE})
    deployed = PolicyFollower(store, PACK).look(30)
    assert [(each.name, each.share) for each in deployed.beside] == [("version 2", SHARE)]
    store.record(Act("payments", Deed.ACTIVATE, 2, "bob", "", {"from": 40}), 31)
    follower = PolicyFollower(store, PACK)
    assert follower.look(39).beside
    assert follower.look(40).beside == (), "an activation ends what stands beside"
    assert follower.look(41) is None


def test_what_never_stood_beside_has_nothing_to_be_compared(store, tmp_path):
    lived(store, tmp_path, {"mode": "challenger", "share": 1})
    with pytest.raises(InputError, match="never stood beside"):
        compared(tmp_path, tmp_path / "work", "version 7")
    with pytest.raises(InputError, match="not been asked about anything"):
        compared(tmp_path, tmp_path / "again")

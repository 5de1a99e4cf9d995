"""The demo's decisions in flight: a simulated stream of card payments, and its alerts as cases."""

from shutil import rmtree

import pyarrow as pa
import pyarrow.compute as pc

from headrace import packs
from headrace.adapters.live.batches import alerted, decide_tables
from headrace.adapters.live.deciding import mark_told
from headrace.adapters.live.desk import ModelsInPlace
from headrace.adapters.live.policy import PolicyFollower, decided_tables, open_live
from headrace.adapters.stores.case import CaseStore
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.wall_clock import now
from headrace.adapters.workspace import Workspace
from headrace.simulator.card_payments import CardSettings, simulate_card_payments

SIMULATED = "simulated.txt"
PAYMENTS, BATCH, SEED = 20_000, 500, 3
LABEL = f"Simulated, seed {SEED}: no customer, terminal or payment is real. 模拟数据，非真实。\n"


def fill_live(workspace: Workspace) -> str:
    """Decide a simulated stream by the policy in force, made anew; says what came of it."""
    folder = workspace.folder("live")
    rmtree(folder, ignore_errors=True)
    if not workspace.database:
        for each in workspace.root.glob("cases.db*"):
            each.unlink()
    customers = PAYMENTS // 160
    drawn = simulate_card_payments(
        CardSettings(payments=PAYMENTS, customers=customers, terminals=2 * customers), SEED
    )
    policies = PolicyStore.opened(workspace.store("policies"))
    cases = CaseStore.opened(workspace.store("cases"))
    deployed = PolicyFollower(policies, packs.load(workspace.live_pack)).look(now())
    assert deployed is not None  # noqa: S101 - the first look always finds something
    tables = {"payment": _named(drawn.payments), "fraud_report": _named(drawn.fraud_reports)}
    with ModelsInPlace() as ask, open_live(folder, deployed.deployment, ask) as decisions:
        (folder / SIMULATED).write_text(LABEL, encoding="utf-8")
        features = decided_tables(deployed.version)
        found = decide_tables(decisions, tables, features, BATCH)
        opened = alerted(decisions, found, cases, now())
        mark_told(folder, decisions.live.records)
        decisions.snapshot()
    policies.close()
    cases.close()
    return f"{found.num_rows:,} payments decided, {opened:,} cases"


def _named(events: pa.Table) -> pa.Table:
    """Events with ids of text, as the API takes them in; D: of the demo."""
    at = events.schema.get_field_index("id")
    names = pc.binary_join_element_wise("D", events["id"].cast(pa.string()), "-")
    return events.set_column(at, "id", names)

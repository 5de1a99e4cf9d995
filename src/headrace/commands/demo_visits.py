"""The demo's visit list: simulated, with simulated visits, and joined with the demo's book."""

from dataclasses import replace

from headrace.adapters.store import FactStore
from headrace.adapters.stores.visit import VisitStore
from headrace.adapters.stores.web import WebStore
from headrace.adapters.workspace import Workspace
from headrace.facts.kinds import PARTY
from headrace.facts.localtime import DAY_US, microseconds
from headrace.simulator.visits import BY, simulate_visits
from headrace.web.apply_desk import firms_in
from headrace.web.run_folder import RunFolder
from headrace.web.visit_desk import candidates_of
from headrace.workflows.visits import Filter, VisitList, chosen, spread

LIST = "demo"
MANAGERS = ("客户经理甲 (simulated)", "客户经理乙 (simulated)", "客户经理丙 (simulated)")
FIRMS = 60
SEED = 11


def fill_visits(workspace: Workspace) -> str:
    """One list of firms the run approved, and what simulated managers made of it."""
    run = RunFolder(workspace.folder("run")).current()
    firms = firms_in(FactStore(workspace.folder("run")).read(PARTY.kind))
    approved = [e for e in candidates_of(run, firms, {}) if e.outcome == "approve"]
    listed = chosen(approved, Filter(most=FIRMS), LIST)
    areas = spread(listed, MANAGERS)
    begin = microseconds(run.about.moment) + 1 - 21 * DAY_US
    made = VisitList(LIST, "已批未用 · approved, not drawn", _FILTER, BY, begin, simulated=True)
    web = WebStore.opened(workspace.store("accounts"))
    try:
        store = VisitStore(web)
        store.drop(LIST)
        store.add(made, [replace(each, manager=areas[each.area]) for each in listed])
        visits = simulate_visits(listed, begin, SEED)
        for each in visits:
            store.record(each)
    finally:
        web.close()
    return f"{len(listed)} firms, {len(visits)} visits"


_FILTER = (
    f'{{"industries":[],"most":{FIRMS},"ratings":[],"regions":[],"state":"approved_not_drawn"}}'
)

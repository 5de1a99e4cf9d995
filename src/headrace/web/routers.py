"""Most routes of the service: a module of `api` and one of `console` for each part.

Those of the first page are in `app.FIRST`; these are loaded behind it.
"""

from headrace.web.api import admin as admin_api
from headrace.web.api import apply as apply_api
from headrace.web.api import cases, desks, facts, graph, ledger, live_state, loans, parties, routes
from headrace.web.api import due_diligence as diligence_api
from headrace.web.api import evidence as evidence_api
from headrace.web.api import hooks as hooks_api
from headrace.web.api import jobs as jobs_api
from headrace.web.api import live as live_api
from headrace.web.api import policies as policies_api
from headrace.web.api import policy_desk as policy_desk_api
from headrace.web.api import reports as reports_api
from headrace.web.api import visits as visits_api
from headrace.web.console import admin as admin_pages
from headrace.web.console import admin_machine, case_queue
from headrace.web.console import apply as apply_pages
from headrace.web.console import audit as audit_pages
from headrace.web.console import book as book_pages
from headrace.web.console import cases as case_pages
from headrace.web.console import decisions as decision_pages
from headrace.web.console import desks as desk_pages
from headrace.web.console import due_diligence as diligence_pages
from headrace.web.console import evidence as evidence_pages
from headrace.web.console import firms as firm_pages
from headrace.web.console import graph as graph_pages
from headrace.web.console import hooks as hook_pages
from headrace.web.console import jobs as job_pages
from headrace.web.console import live as live_pages
from headrace.web.console import loan_trace as loan_trace_pages
from headrace.web.console import loans as loan_pages
from headrace.web.console import oidc as oidc_pages
from headrace.web.console import payouts as payout_pages
from headrace.web.console import policies as policy_pages
from headrace.web.console import policy_edit as policy_edit_pages
from headrace.web.console import reports as report_pages
from headrace.web.console import visits as visit_pages

ROUTERS = (
    routes.router,
    live_api.router,
    live_state.router,
    live_pages.router,
    facts.router,
    parties.router,
    decision_pages.router,
    firm_pages.router,
    oidc_pages.router,
    admin_api.router,
    admin_pages.router,
    admin_machine.router,
    audit_pages.router,
    apply_api.router,
    apply_pages.router,
    diligence_api.router,
    diligence_pages.router,
    visits_api.router,
    visit_pages.router,
    evidence_api.router,
    evidence_pages.router,
    graph.router,
    graph_pages.router,
    cases.router,
    case_queue.router,
    case_pages.router,
    jobs_api.router,
    job_pages.router,
    hooks_api.router,
    hook_pages.router,
    loans.router,
    ledger.router,
    desks.router,
    reports_api.router,
    book_pages.router,
    loan_pages.router,
    loan_trace_pages.router,
    payout_pages.router,
    desk_pages.router,
    report_pages.router,
    policy_desk_api.router,  # before `{deed}` of the next
    policies_api.router,
    policy_pages.router,
    policy_edit_pages.router,
)
"""In the order in which they are asked: of two that fit a path, the first answers."""

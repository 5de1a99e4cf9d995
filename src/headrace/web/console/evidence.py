"""Pages *Evidence*: the log of the run, receipts, and whether a receipt holds."""

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from headrace.errors import EvidenceError, InputError
from headrace.evidence.receipt import Receipt
from headrace.web.api.evidence import (
    ReceiptVerdict,
    consistency,
    key_of,
    log_state,
    receipt_of,
    run_verdict,
    verdict,
)
from headrace.web.api.routes import position_seen
from headrace.web.attachment import attachment
from headrace.web.console.admin_parts import Fields
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.words import Words
from headrace.web.guard import field_of, needs
from headrace.web.run_folder import Firm
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import services_of
from headrace.workflows.run import STEPS

SEE_OTHER = 303
DECISION_STEP = "decision"
DIGITS_MAX = 15
router = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, needs("evidence")]


@router.get("/evidence", name="evidence_page")
def evidence_page(request: Request, principal: Reader) -> Response:
    """The log of the run, and what can be done with it."""
    decision = request.query_params.get("decision", "").strip()
    if decision:
        services = services_of(request)
        position_seen(services.run.current(), decision, scope_of(principal))
        path = request.url_for("receipt_page", decision_id=decision).path
        return RedirectResponse(path, SEE_OTHER)
    return _page(request, principal)


@router.post("/evidence/check", name="evidence_check_page")
def evidence_check_page(request: Request, _: Reader) -> Response:
    """Check every byte of the run; what came of it stands on the page."""
    services = services_of(request)
    services.evidence.current()  # says it where there is no run
    services.evidence.check(services.now())
    return RedirectResponse("/evidence", SEE_OTHER)


@router.post("/evidence/verify", name="evidence_verify_page")
def evidence_verify_page(request: Request, principal: Reader, form: Fields) -> Response:
    """Whether a receipt holds."""
    typed = {name: field_of(form, name) for name in ("receipt", "key")}
    wrong, found = "", None
    try:
        key = key_of(services_of(request), typed["key"])
        found = verdict(Receipt.from_json(typed["receipt"]), key)
    except InputError:
        wrong = "evidence_no_key"
    except EvidenceError:
        wrong = "evidence_no_receipt"
    return _page(request, principal, typed=typed, verified=found, wrong=wrong)


@router.get("/evidence/receipts/{decision_id}", name="receipt_page")
def receipt_page(request: Request, decision_id: str, principal: Reader) -> Response:
    """One receipt, to be printed or downloaded."""
    services, words = services_of(request), words_of(request)
    found = receipt_of(services, principal, decision_id)
    run = services.run.current()
    decided = run.decisions[run.positions[decision_id]]
    state = log_state(services)
    tree = services.evidence.current().log.tree
    return draw(
        request,
        "receipt.html",
        principal,
        is_simulated=run.about.simulated,
        receipt=found,
        text=found.to_json(),
        firm=run.firms.get(decided.party, Firm(None, None)).name or decided.party,
        party=decided.party,
        outcome=words(f"outcome_{decided.outcome.value}"),
        limit=words.money(decided.limit_minor, decided.currency) if decided.limit_minor else "",
        day=decided.as_of.isoformat(),
        state=state,
        leaf=tree.leaf_hash(found.index).hex(),
    )


@router.get("/evidence/receipts/{decision_id}/file", name="receipt_file")
def receipt_file(request: Request, decision_id: str, principal: Reader) -> Response:
    """One receipt as a file."""
    text = receipt_of(services_of(request), principal, decision_id).to_json()
    return attachment(f"{text}\n", f"receipt-{decision_id}.json", "application/json")


def _page(
    request: Request,
    principal: Principal,
    *,
    typed: dict[str, str] | None = None,
    verified: ReceiptVerdict | None = None,
    wrong: str = "",
) -> Response:
    services, words = services_of(request), words_of(request)
    current, last = services.evidence.current(), services.evidence.last
    steps = current.steps()
    decisions = steps.pop(DECISION_STEP, 0)
    told = [*steps.items(), (DECISION_STEP, decisions)]
    growth, growth_wrong = _growth(request, len(current.log.lines))
    return draw(
        request,
        "evidence.html",
        principal,
        status=422 if wrong or growth_wrong else 200,
        is_simulated=services.run.current().about.simulated,
        state=log_state(services),
        steps=[(_step(step, words), count) for step, count in told],
        step_count=len(steps),
        decisions=decisions,
        last=None if last is None else run_verdict(last),
        last_at="" if last is None else words.moment(last.at, services.zone),
        typed=typed or {"receipt": "", "key": ""},
        verified=verified,
        fault=_fault(verified),
        wrong=wrong,
        growth=growth,
        growth_wrong=growth_wrong,
        sizes={name: request.query_params.get(name, "")[:DIGITS_MAX] for name in ("from", "to")},
    )


def _step(step: str, words: Words) -> str:
    """What a step of the log is called; one of another pack's, by its own name."""
    if step == DECISION_STEP:
        return words("evidence_each_decision")
    return words.of(STEPS[step]) if step in STEPS else step


def _growth(request: Request, entries: int) -> tuple[Any, bool]:
    """The proof between two sizes that were asked for, and whether they cannot be."""
    given = [request.query_params.get(name, "").strip() for name in ("from", "to")]
    if request.method != "GET" or not any(given):
        return None, False
    old, new = (int(each) if _is_number(each) else -1 for each in given)
    if not 0 <= old <= new <= entries:
        return None, True
    return consistency(services_of(request), old, new), False


def _fault(found: ReceiptVerdict | None) -> str:
    """The name of the text that says which part of a receipt does not hold."""
    if found is None or found.problem is None:
        return ""
    return f"evidence_fault_{found.problem.where.rpartition(', ')[2]}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX

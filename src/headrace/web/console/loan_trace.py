"""The page of a loan's life: facts, decision, contract, postings, class; where its money went."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from headrace import packs
from headrace.adapters.printing.book import GRADES
from headrace.adapters.stores.payout import Payout
from headrace.contracts.lending.events import Disburse
from headrace.errors import HeadraceError
from headrace.money import format_minor
from headrace.pack import Text
from headrace.web.api.apply import reason_of, record_of
from headrace.web.api.graph import followed
from headrace.web.api.loans import ContractId, amount_in
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.loan_words import EVENT_TEXTS, loan_href, payout_shown
from headrace.web.console.navigation import firm_at
from headrace.web.console.words import Words
from headrace.web.guard import needs
from headrace.web.loan_trace import Act, Night, Posted, Trace, trace
from headrace.web.loan_views import single
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of
from headrace.workflows.loan_log import EVENTS

router = APIRouter(include_in_schema=False)
STEPS_SHOWN = 50


@dataclass(frozen=True)
class Line:
    """A posting, ready to be read."""

    id: str
    on: str
    debit: str
    credit: str
    amount: str


@dataclass(frozen=True)
class Step:
    """One step of a loan's life, ready to be read.

    Attributes:
        day: When; empty: not known.
        kind: facts, decision, act, night, open or now: how it is drawn.
        title: What.
        notes: More about it.
        links: Text and address.
        lines: What it posted.
    """

    day: str
    kind: str
    title: str
    notes: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    lines: tuple[Line, ...] = ()


@router.get("/book/loans/{contract}/trace", name="loan_trace")
def loan_trace(
    request: Request, contract: ContractId, principal: Annotated[Principal, needs("loans")]
) -> Response:
    """A loan's life in the order in which it happened, each step with where it is proved."""
    services, words = services_of(request), words_of(request)
    found = trace(services, contract, principal)
    line = found.loan.line
    return draw(
        request,
        "loan_trace.html",
        principal,
        firm=line.name or line.party,
        contract=contract,
        href=loan_href(contract),
        steps=_steps(found, services, principal, words),
        paid_out=any(isinstance(each, Disburse) for each in found.loan.loan.events),
        day=found.loan.day.isoformat(),
        is_simulated=found.loan.simulated,
    )


@router.get("/book/loans/{contract}/trace/money", name="loan_money")
def loan_money(
    request: Request, contract: ContractId, principal: Annotated[Principal, needs("graph")]
) -> Response:
    """Where the money of a loan went through transfers: a part of its trace, or a page."""
    if "loans" not in principal.may:
        raise Refused(403, "This needs the permission 'loans'")
    services = services_of(request)
    found = single(services, contract, principal)
    days = [each.on for each in found.loan.events if isinstance(each, Disburse)]
    money, why = None, ""
    if days:
        try:
            money = followed(request, principal, found.line.party, days[0])
        except HeadraceError as error:  # no transfers in the facts, or none on that day
            why = error.problem
    currency = found.line.currency
    return draw(
        request,
        "loan_money.html" if "hx-request" in request.headers else "loan_money_page.html",
        principal,
        href=loan_href(contract),
        money=money,
        why=why,
        steps=() if money is None else money.steps[:STEPS_SHOWN],
        amount=lambda minor: format_minor(minor, currency),
        at=lambda time: words_of(request).moment(time, services.zone),
    )


def _steps(
    found: Trace, services: Services, principal: Principal, words: Words
) -> tuple[Step, ...]:
    """All steps: what it was decided by, then what happened by day, then how it stands."""
    acts = [(each.entry.on, 0, _act(each, found, services, words)) for each in found.acts]
    nights = [(each.posted[-1].on, 1, _night(each, found, words)) for each in found.nights]
    dated = [step for _, _, step in sorted(acts + nights, key=lambda each: each[:2])]
    asked = [_asked(each, services, words) for each in found.asked]
    first = (_facts(found, principal, words), _decision(found, services, principal, words))
    return (*first, *dated, *asked, _now(found, principal, words))


def _facts(found: Trace, principal: Principal, words: Words) -> Step:
    party, moment = found.loan.line.party, ""
    if found.application is not None:
        moment = str(record_of(found.application)["facts_until"])[:10]
    elif found.decided is not None:
        moment = found.decided.as_of.isoformat()
    links = ((words("book_trace_firm"), f"{firm_at(party)}/facts"),)
    return Step(
        moment,
        "facts",
        words("book_trace_facts"),
        (words("book_trace_facts_note", day=moment or words("unknown")),),
        links if "firms" in principal.may else (),
    )


def _decision(found: Trace, services: Services, principal: Principal, words: Words) -> Step:
    name, currency = found.loan.loan.contract.decision_id, found.loan.line.currency
    title = words("book_trace_decision", id=name)
    kept, decided = found.application, found.decided
    if kept is not None:
        at = words.moment(kept.at, services.zone)
        offered = words("book_trace_offered", amount=words.money(kept.limit_minor, currency))
        links = ((words("book_trace_application"), f"/apply/{quote(kept.id, safe='')}"),)
        return Step(at[:10], "decision", title, (offered, words("book_trace_by", by=kept.by)),
                    links if "decisions" in principal.may else ())  # fmt: skip
    if decided is None or found.run is None:
        return Step("", "decision", title, (words("book_trace_gone"),))
    offered = words("book_trace_offered", amount=words.money(decided.limit_minor, currency))
    reason = words.of(reason_of(packs.load(found.run.about.pack), decided.reasons[0]))
    links = ((words("book_trace_score"), firm_at(found.loan.line.party)),)
    return Step(decided.as_of.isoformat(), "decision", title, (offered, reason),
                links if "firms" in principal.may else ())  # fmt: skip


def _act(act: Act, found: Trace, services: Services, words: Words) -> Step:
    entry, currency = act.entry, found.loan.line.currency
    told = words.of(EVENT_TEXTS.get(entry.kind, Text(entry.kind, entry.kind)))
    amount = amount_in(entry.content) if entry.kind in EVENTS else None
    title = told if amount is None else f"{told} {format_minor(amount, currency)}"
    notes = [words("book_trace_entry", entry=entry.number, key=entry.id)]
    if act.payout is not None:
        notes.append(_two(act.payout, services, words))
    return Step(
        entry.on.isoformat(), "act", title, tuple(notes), (), _lines(act.posted, found, words)
    )


def _night(night: Night, found: Trace, words: Words) -> Step:
    currency = found.loan.line.currency
    sums: Counter[tuple[str, str]] = Counter()
    for each in night.posted:
        sums[words.of(each.debit), words.of(each.credit)] += each.amount_minor
    notes = tuple(
        words("book_trace_line", what=f"{debit} → {credit}", value=format_minor(amount, currency))
        for (debit, credit), amount in sums.items()
    )
    title = words("book_trace_nights", month=f"{night.month:%Y-%m}", n=len(night.posted))
    return Step(_span(night.posted), "night", title, notes, (), _lines(night.posted, found, words))


def _asked(payout: Payout, services: Services, words: Words) -> Step:
    shown = payout_shown(payout, words)
    day = words.moment(payout.asked, services.zone)[:10]
    notes = tuple(
        each for each in (words("book_trace_by", by=shown.by), shown.state, shown.note) if each
    )
    return Step(day, "open", f"{shown.act} {shown.amount}", notes, (
        (words("book_payouts"), "/book/payouts"),
    ))  # fmt: skip


def _now(found: Trace, principal: Principal, words: Words) -> Step:
    line = found.loan.line
    notes = [
        words("book_trace_owed", amount=format_minor(line.owed_minor, line.currency)),
        *(
            words("book_trace_line", what=words(name), value=value)
            for name, value in (
                ("book_class", words.of(GRADES[line.grade])),
                ("book_days", line.overdue_days),
                ("book_allowance", format_minor(line.allowance_minor, line.currency)),
            )
        ),
    ]
    links = [(words("book_trace_loan"), loan_href(line.contract))]
    if "firms" in principal.may and "cases" in principal.may:
        links.append((words("book_trace_cases"), f"{firm_at(line.party)}/part/cases"))
    if "firms" in principal.may and "evidence" in principal.may:
        links.append((words("book_trace_evidence"), f"{firm_at(line.party)}/part/evidence"))
    return Step(
        found.loan.day.isoformat(), "now", words("book_trace_now"), tuple(notes), tuple(links)
    )


def _two(payout: Payout, services: Services, words: Words) -> str:
    """Who asked and who approved, and when."""
    return words(
        "book_trace_two",
        by=payout.asked_by,
        at=words.moment(payout.asked, services.zone),
        other=payout.decided_by or "",
    )


def _lines(posted: tuple[Posted, ...], found: Trace, words: Words) -> tuple[Line, ...]:
    currency = found.loan.line.currency
    return tuple(
        Line(
            each.id,
            each.on.isoformat(),
            words.of(each.debit),
            words.of(each.credit),
            format_minor(each.amount_minor, currency),
        )
        for each in posted
    )


def _span(posted: tuple[Posted, ...]) -> str:
    first, last = posted[0].on, posted[-1].on
    return first.isoformat() if first == last else f"{first} – {_short(first, last)}"


def _short(first: date, last: date) -> str:
    """The day alone within a month."""
    return f"{last:%d}" if (first.year, first.month) == (last.year, last.month) else str(last)

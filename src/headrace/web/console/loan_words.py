"""What pages of loans say: acts, parts, what was wrong; and what somebody filled in."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from urllib.parse import quote as escaped

from starlette.datastructures import FormData

from headrace.adapters.printing.book import GRADES, STATUS, WORDS
from headrace.adapters.stores.payout import Payout, State, StateError
from headrace.contracts.lending.account import Status
from headrace.contracts.lending.events import REFUSAL_WORDS
from headrace.errors import HeadraceError, InputError
from headrace.money import format_minor, to_minor
from headrace.pack import Text
from headrace.web.console.refusals import said
from headrace.web.console.words import Words
from headrace.web.guard import field_of
from headrace.web.loan_views import ContractLine
from headrace.web.payouts import RefusedError
from headrace.web.signing import SIGNED, Wish, contract_in
from headrace.workflows.loan_requests import ALONE, TOGETHER, WITH_AMOUNT, Given

FIELD_TEXTS = {
    "day": "book_wrong_day",
    "on": "book_wrong_on",
    "amount": "book_wrong_amount",
    "until": "book_wrong_until",
    "rate": "book_wrong_rate",
    "key": "book_wrong_key",
    "note": "book_wrong_note",
    "start": "book_wrong_start",
}
"""What is said about a field that does not fit."""
EVENT_TEXTS = {
    **ALONE,
    **TOGETHER,
    "signed": Text("Contract", "签约"),
    "approved": Text("Better class approved", "上调分类审批"),
    "restructure": Text("Extension or new terms", "展期、重组"),
    "resetrate": Text("Rate set again", "利率重定价"),
    "resume": Text("Interest back into income", "转回应计"),
}
PARTS = ("fee", "compound", "penalty", "interest", "principal", "accrued", "prepayment_fee",
         "balance")  # fmt: skip
PART_TEXTS = {
    "fee": WORDS["fee"],
    "compound": WORDS["compound"],
    "penalty": WORDS["penalty"],
    "interest": Text("Interest due", "到期利息"),
    "principal": WORDS["due_principal"],
    "accrued": WORDS["accrued"],
    "prepayment_fee": WORDS["early_fee"],
    "balance": WORDS["balance"],
}

LIST_HEADS = {
    "contract": WORDS["contract"],
    "party": Text("Code", "企业代号"),
    "name": Text("Firm", "企业"),
    "industry": Text("Industry", "行业"),
    "region": Text("Region", "地区"),
    "status": Text("State", "状态"),
    "grade": WORDS["grade"],
    "currency": Text("Currency", "币种"),
    "principal_minor": WORDS["principal"],
    "owed_minor": Text("Owed", "贷款余额"),
    "due_minor": WORDS["due"],
    "overdue_days": WORDS["days"],
    "accrued_minor": WORDS["accrued"],
    "allowance_minor": WORDS["allowance"],
    "rate": Text("Rate", "年利率"),
    "start": Text("Start", "起息日"),
    "next_due": WORDS["next_due"],
}


def wrong_text(error: HeadraceError, words: Words, day: date | None = None) -> str:
    """What was wrong, in the reader's language, and what would be right."""
    if isinstance(error, RefusedError):
        zh, en = REFUSAL_WORDS[error.refusal]
        return zh if words.language == "zh" else en
    if isinstance(error, StateError):
        return words("book_wrong_state")
    name = FIELD_TEXTS.get(error.where)
    if name is not None:
        return words(name, day=day.isoformat() if day else "")
    return said(error, words)


@dataclass(frozen=True)
class LoanLine:
    """A loan as the list shows it; all texts are ready to be read."""

    contract: str
    href: str
    firm: str
    about: str
    status: str
    is_bad: bool
    owed: str
    due: str
    days: str
    rate: str
    next_due: str


def loan_shown(line: ContractLine, words: Words) -> LoanLine:
    """A loan, ready to be read."""
    is_open = line.status == Status.OPEN.value
    told = GRADES[line.grade] if is_open else STATUS[line.status]
    return LoanLine(
        contract=line.contract,
        href=loan_href(line.contract),
        firm=line.name or line.party,
        about=" · ".join(each for each in (line.industry, line.region) if each),
        status=words.of(told),
        is_bad=is_open and line.grade not in ("normal", "special_mention"),
        owed=words.money(line.owed_minor, line.currency) if line.owed_minor else "",
        due=words.money(line.due_minor, line.currency) if line.due_minor else "",
        days=words.count(line.overdue_days) if line.overdue_days else "",
        rate=words.share(line.rate, 2),
        next_due=line.next_due.isoformat() if line.next_due else "",
    )


@dataclass(frozen=True)
class PayoutShown:
    """A payout as pages show it."""

    number: int
    contract: str
    href: str
    act: str
    amount: str
    by: str
    state: str
    is_open: bool
    decided_by: str
    note: str


def payout_shown(payout: Payout, words: Words) -> PayoutShown:
    """A payout, ready to be read."""
    states = {
        "asked": words("book_state_asked"),
        "approving": words("book_state_approving"),
        "done": words("book_state_done"),
        "rejected": words("book_state_rejected"),
    }
    what = payout.what
    return PayoutShown(
        payout.number,
        what.contract,
        _payout_href(payout),
        words.of(EVENT_TEXTS.get(what.event, Text(what.event, what.event))),
        format_minor(what.amount, what.currency) if what.amount else "",
        payout.asked_by,
        states[payout.state.value],
        payout.is_open,
        payout.decided_by or "",
        payout.note,
    )


def _payout_href(payout: Payout) -> str:
    """The loan; of a contract that is not signed yet, the application."""
    what = payout.what
    if what.event == SIGNED and payout.state is not State.DONE:
        return f"/apply/{escaped(contract_in(what).decision_id, safe='')}"
    return loan_href(what.contract)


def loan_href(contract: str) -> str:
    """Where the page of a loan is."""
    return f"/book/loans/{escaped(contract, safe='@')}"


def given_in(form: FormData, currency: str) -> Given:
    """What was filled in; an amount is in major units of the contract's currency.

    Raises:
        InputError: A field cannot be read.
    """
    act, amount = field_of(form, "act"), field_of(form, "amount").strip()
    rate = field_of(form, "rate").strip().removesuffix("%")
    return Given(
        act,
        day_of(field_of(form, "on"), "on"),
        _amount(amount, currency) if amount and act in WITH_AMOUNT else None,
        day_of(field_of(form, "until"), "until"),
        _rate(rate) if rate else None,
        field_of(form, "fee")[:60],
    )


def wish_in(form: FormData, currency: str, key: str) -> Wish:
    """What was filled in of a contract to be signed; an amount is in major units.

    Raises:
        InputError: A field cannot be read.
    """
    amount = field_of(form, "amount").strip()
    return Wish(
        _amount(amount, currency) if amount else None,
        day_of(field_of(form, "start"), "start"),
        key,
    )


def _amount(text: str, currency: str) -> int:
    try:
        return to_minor(Decimal(text.replace(",", "").replace("，", "")), currency)
    except (ArithmeticError, ValueError) as error:
        raise InputError("this is no amount", where="amount", remedy="such as 12345.67") from error


def _rate(text: str) -> Decimal:
    try:
        found = Decimal(text) / 100
    except ArithmeticError as error:
        raise InputError("this is no rate", where="rate", remedy="in percent: 4.35") from error
    if not 0 <= found <= 1:
        raise InputError("this is no rate", where="rate", remedy="in percent: 4.35")
    return found


def day_of(text: str, where: str) -> date | None:
    """The day that somebody typed; None where nothing.

    Raises:
        InputError: It is no day; `where` names the field.
    """
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError("this is no day", where=where, remedy="such as 2026-03-01") from error

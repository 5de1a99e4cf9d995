"""Dated acts of a sheet on contracts of trade: each is done, or refused with a reason, in order.

What an act does says a `Trade`: controlled payments, draws against orders, goods released against
deposits. Everything else is here: keys, days, numbers, currencies, how contracts stand after it,
and totals of money.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeVar

import pyarrow as pa

from headrace.contracts.instruments.outcomes import Outcome
from headrace.contracts.instruments.words import WORDS
from headrace.contracts.movements import Movement
from headrace.money import MINOR_PER_MAJOR, format_minor
from headrace.pack import Text
from headrace.workflows.desk_rows import (
    MISSING,
    Cells,
    Field,
    Row,
    Sheet,
    Unreadable,
    amount_cell,
    day_cell,
    minor_cell,
    read_sheet,
    text_cell,
    word_cell,
)

State = TypeVar("State")
FUND = "fund"
CNY = "CNY"
CURRENCIES = tuple(code for code, minor in MINOR_PER_MAJOR.items() if minor == MINOR_PER_MAJOR[CNY])
"""Amounts of a sheet have two places; a currency with others is none that it may name."""
NAME_BYTES_MAX = 80
"""Of a number, a key or a firm in UTF-8: ids in a ledger, made of them, have at most 128."""

NO_NAME = Text(f"is longer than {NAME_BYTES_MAX} bytes", f"超过{NAME_BYTES_MAX}字节")
KEY_NEEDED = Text("is missing, and the ledger needs it", "缺失（记账须有幂等键）")
FUND_TEXT = Text(FUND, "注资")


class DeskRefusal(StrEnum):
    """Why an act is refused before its contract is asked."""

    NUMBER_UNKNOWN = "number_unknown"
    NUMBER_TAKEN = "number_taken"
    KEY_TAKEN = "key_taken"
    CURRENCY_DIFFERS = "currency_differs"
    DAY_BEFORE_LAST = "day_before_last"
    AMOUNT_NOT_POSITIVE = "amount_not_positive"


DONE, REPEATED = "done", "repeated"
SAYS = {
    DONE: Text("done", "已办理"),
    "number_unknown": Text("there is no such number", "编号不存在"),
    "number_taken": Text("the number is taken", "编号已存在"),
    "currency_differs": Text("not the currency of the contract", "币种与合同不符"),
}
"""Answers that `headrace.contracts.instruments.words` has not."""


@dataclass(frozen=True)
class Stand:
    """How one contract stands.

    Attributes:
        party: Who borrows.
        other: Who is paid.
        currency: ISO 4217 code.
        status: A word of `Trade.statuses`.
        figures: Minor units by column, those of `Trade.figures`.
    """

    party: str
    other: str
    currency: str
    status: str
    figures: Mapping[str, int]


@dataclass(frozen=True)
class Trade(Generic[State]):
    """What a sheet of one kind is about.

    Attributes:
        name: Of the kind; ids in a ledger begin with it.
        subject: Column with the number of the contract.
        opens: The act that makes a contract.
        acts: What an act is called in a sheet.
        fields: Of a sheet, all of them.
        needs: Columns that an act needs, besides itself and its day.
        start: No contracts.
        do: One act on a contract that is there, or that it makes.
        stand: How a contract stands; None: there is none.
        figures: Columns of amounts of a contract.
        statuses: What a status is called.
        details: What a figure beside an answer says, by answer; {} is money.
    """

    name: str
    subject: str
    opens: str
    acts: Mapping[str, Text]
    fields: Sequence[Field]
    needs: Mapping[str, Sequence[str]]
    start: State
    do: Callable[[State, Row], Outcome[State, Any]]
    stand: Callable[[State, str], Stand | None]
    figures: Sequence[str]
    statuses: Mapping[str, Text]
    details: Mapping[str, Text]


@dataclass(frozen=True)
class Refused:
    """Why an act is not done: a code, and what it says."""

    answer: str
    says: Text


@dataclass(frozen=True)
class Booking:
    """What an act is to move on a ledger.

    Attributes:
        place: Of the act in the sheet, from 0.
        key: Idempotency key of the act.
        contract: Its number; empty where it is about none.
        party: Who borrows; empty where nobody.
        movements: In order, at least one.
    """

    place: int
    key: str
    contract: str
    party: str
    movements: tuple[Movement, ...]


Post = Callable[[Booking], Refused | None]
"""Books an act, whole; or says why it cannot be, and books nothing."""


@dataclass(frozen=True)
class Step:
    """One act and its answer.

    Attributes:
        row: The row it came from.
        key: Its idempotency key.
        answer: `done`, `repeated`, or why not.
        says: The same in words.
        movements: Money that it moved.
        stand: How its contract stands after it; None: it has none.
    """

    row: Row
    key: str
    answer: str
    says: Text
    movements: tuple[Movement, ...] = ()
    stand: Stand | None = None

    @property
    def done(self) -> bool:
        """Whether what the act asks for stands."""
        return self.answer in (DONE, REPEATED)


@dataclass(frozen=True)
class Desk:
    """A sheet of acts after all of them.

    Attributes:
        trade: What it is about.
        steps: One an act.
        stands: Of every contract, in the order in which they were made.
    """

    trade: Trade[Any]
    steps: tuple[Step, ...]
    stands: Mapping[str, Stand]

    @property
    def counts(self) -> dict[str, int]:
        """Acts that were done, done before in the same sheet, and refused."""
        answers = [each.answer for each in self.steps]
        done, again = answers.count(DONE), answers.count(REPEATED)
        return {"applied": done, "repeated": again, "refused": len(answers) - done - again}

    @property
    def movements(self) -> list[Movement]:
        """Of all acts, in order."""
        return [move for each in self.steps for move in each.movements]


def fields_of(acts: Mapping[str, Text], also: Mapping[str, str], *more: Field) -> tuple[Field, ...]:
    """The columns of a sheet: those of every kind, then its own.

    Args:
        acts: What an act is called.
        also: Further words for them.
        more: Columns of this kind.
    """
    told = {word: key for key, text in acts.items() for word in (text.en, text.zh)}
    currencies = {code.casefold(): code for code in CURRENCIES}
    return (
        Field("act", ("操作", "业务", "动作"), word_cell(told, also), needed=True),
        Field("on", ("日期", "办理日", "业务日期"), day_cell, needed=True),
        Field("key", ("幂等键", "流水号", "业务流水号"), name_cell),
        *more,
        Field("amount", ("金额", "金额(元)"), amount_cell),
        Field("amount_minor", ("金额(分)",), minor_cell, key="amount"),
        Field("currency", ("币种",), word_cell(currencies, {"人民币": CNY, "rmb": CNY})),
    )


def name_cell(text: str) -> str:
    """A name or number that a ledger can keep."""
    if len(text.encode()) > NAME_BYTES_MAX:
        raise Unreadable(NO_NAME)
    return text_cell(text)


def read_trade(trade: Trade[Any], cells: Cells, *, keyed: bool) -> Sheet:
    """A sheet of acts; a row that lacks what its act needs is set aside.

    Args:
        trade: What it is about.
        cells: The file.
        keyed: Whether every act needs an idempotency key of its own, for a ledger.
    """

    def unfit(row: Row) -> list[tuple[str, Text]]:
        kind = row.values["act"]
        act, needed = trade.acts[kind], trade.needs[kind]
        why = Text(f"{MISSING.en}, and {act.en} needs it", f"{MISSING.zh}（{act.zh}必填）")
        wrong = [(name, why) for name in needed if name not in row.values]
        return wrong + ([("key", KEY_NEEDED)] if keyed and "key" not in row.values else [])

    return read_sheet(cells, trade.fields, unfit)


def run_trade(trade: Trade[Any], sheet: Sheet, post: Post = lambda _booking: None) -> Desk:
    """Do the acts of a sheet in order, on no contracts at first.

    Args:
        trade: What they are about.
        sheet: The acts.
        post: Books what an act moves; an act that cannot be booked is refused.
    """
    state, steps = trade.start, []
    keys: dict[str, Mapping[str, Any]] = {}
    days: dict[str, date] = {}
    stands: dict[str, Stand] = {}
    for place, row in enumerate(sheet.rows):
        key, contract = key_of(row), row.get(trade.subject, "")
        before = stands.get(contract)
        refused = _refused(trade, row, before, keys.get(key), days.get(contract, row.values["on"]))
        if refused is not None:
            steps.append(Step(row, key, *refused, stand=before))
            continue
        outcome = _funded(state, row) if row.values["act"] == FUND else trade.do(state, row)
        after = trade.stand(outcome.state, contract) if contract else None
        answer, says = _answer(trade, row, outcome, after)
        why: Refused | None = None
        if not outcome.done:
            why = Refused(answer, says)
        elif outcome.movements:
            party = "" if after is None else after.party
            why = post(Booking(place, key, contract, party, outcome.movements))
        if why is not None:
            steps.append(Step(row, key, why.answer, why.says, stand=before))
            continue
        state, keys[key], days[contract] = outcome.state, row.values, row.values["on"]
        if after is not None:
            stands[contract] = after
        steps.append(Step(row, key, answer, says, outcome.movements, after))
    return Desk(trade, tuple(steps), stands)


def key_of(row: Row) -> str:
    """The idempotency key of an act; without one, its row."""
    return str(row.get("key", f"row {row.number}"))


def answers(desk: Desk, lang: str) -> pa.Table:
    """One row an act.

    Columns: row, on, act, key, the number of the contract, by, amount_minor, currency; done (bool),
    answer (code), says (in words); how the contract stands after it: status and its figures.
    """
    trade = desk.trade
    rows = [
        {
            "row": step.row.number,
            "on": step.row.values["on"],
            "act": trade.acts[step.row.values["act"]].in_language(lang),
            "key": step.key,
            trade.subject: step.row.get(trade.subject),
            "by": step.row.get("by"),
            "amount_minor": step.row.get("amount"),
            "currency": _currency(step),
            "done": step.done,
            "answer": step.answer,
            "says": step.says.in_language(lang),
            **({} if step.stand is None else {"status": step.stand.status, **step.stand.figures}),
        }
        for step in desk.steps
    ]
    texts = ("act", "key", trade.subject, "by", "currency", "answer", "says", "status")
    kinds = {"row": pa.int64(), "on": pa.date32(), "done": pa.bool_()}
    names = ("row", "on", "act", "key", trade.subject, "by", "amount_minor", "currency", "done",
             "answer", "says", "status", *trade.figures)  # fmt: skip
    return _table(rows, {each: pa.string() if each in texts else kinds.get(each, pa.int64())
                         for each in names})  # fmt: skip


def contracts(desk: Desk) -> pa.Table:
    """How every contract stands: its number, party, other, status, currency and its figures."""
    rows = [
        {
            desk.trade.subject: number,
            "party": each.party,
            "other": each.other,
            "status": each.status,
            "currency": each.currency,
            **each.figures,
        }
        for number, each in desk.stands.items()
    ]
    names = (desk.trade.subject, "party", "other", "status", "currency")
    figures = {name: pa.int64() for name in desk.trade.figures}
    return _table(rows, {name: pa.string() for name in names} | figures)


def totals(desk: Desk) -> pa.Table:
    """All contracts of a currency together: currency, contracts, and the sums of their figures."""
    found: dict[str, dict[str, Any]] = {}
    for each in desk.stands.values():
        empty = {"currency": each.currency, "contracts": 0, **dict.fromkeys(desk.trade.figures, 0)}
        sums = found.setdefault(each.currency, empty)
        sums["contracts"] += 1
        for name in desk.trade.figures:
            sums[name] += each.figures[name]
    figures = {name: pa.int64() for name in ("contracts", *desk.trade.figures)}
    return _table([found[each] for each in sorted(found)], {"currency": pa.string()} | figures)


def movements(desk: Desk) -> pa.Table:
    """What the acts mean for a ledger.

    Columns: row, on, debit, credit (roles), amount_minor, currency, memo.
    """
    rows = [
        {
            "row": step.row.number,
            "on": move.on,
            "debit": move.debit,
            "credit": move.credit,
            "amount_minor": move.amount,
            "currency": move.currency,
            "memo": move.memo,
        }
        for step in desk.steps
        for move in step.movements
    ]
    texts = {name: pa.string() for name in ("debit", "credit", "currency", "memo")}
    kinds = {"row": pa.int64(), "on": pa.date32(), "amount_minor": pa.int64()} | texts
    order = ("row", "on", "debit", "credit", "amount_minor", "currency", "memo")
    return _table(rows, {name: kinds[name] for name in order})


def _refused(
    trade: Trade[Any],
    row: Row,
    before: Stand | None,
    same_key: Mapping[str, Any] | None,
    last: date,
) -> tuple[str, Text] | None:
    """Answer and words where the contract need not be asked; None: it is."""
    if same_key is not None:
        code = REPEATED if same_key == row.values else DeskRefusal.KEY_TAKEN.value
        return code, _says(code)
    kind, why = row.values["act"], None
    if kind == FUND:
        why = None if row.values["amount"] > 0 else DeskRefusal.AMOUNT_NOT_POSITIVE
    elif kind == trade.opens:
        why = None if before is None else DeskRefusal.NUMBER_TAKEN
    elif before is None:
        why = DeskRefusal.NUMBER_UNKNOWN
    elif row.get("currency", before.currency) != before.currency:
        why = DeskRefusal.CURRENCY_DIFFERS
    if why is None and row.values["on"] < last and kind != FUND:
        why = DeskRefusal.DAY_BEFORE_LAST
    return None if why is None else (why.value, _says(why.value))


def _funded(state: Any, row: Row) -> Outcome[Any, Any]:
    """Owners put money in."""
    amount, currency = row.values["amount"], row.get("currency", CNY)
    move = Movement("cash", "capital", amount, currency, row.values["on"], FUND)
    return Outcome(state, movements=(move,))


def _answer(
    trade: Trade[Any], row: Row, outcome: Outcome[Any, Any], stand: Stand | None
) -> tuple[str, Text]:
    """Code and words, with the figure that the contract tells beside them."""
    code = DONE if outcome.refusal is None else str(outcome.refusal.value)
    says = _says(code)
    detail = trade.details.get(row.values["act"] if code == DONE else code)
    nothing = ("", "0") if code == DONE else ("",)
    if detail is None or stand is None or outcome.detail in nothing:
        return code, says
    figure = format_minor(int(outcome.detail), stand.currency)
    return code, Text(
        f"{says.en}; {detail.en.format(figure)}", f"{says.zh}；{detail.zh.format(figure)}"
    )


def _says(code: str) -> Text:
    return SAYS[code] if code in SAYS else Text(*WORDS[code])


def _currency(step: Step) -> str | None:
    if step.stand is not None:
        return step.stand.currency
    return str(step.row.get("currency", CNY)) if "amount" in step.row.values else None


def _table(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, pa.DataType]) -> pa.Table:
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], kind) for name, kind in kinds.items()}
    )

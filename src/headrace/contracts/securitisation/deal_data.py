"""Reads a deal from data, as a TOML file gives it: keys in English or Chinese, names as they are.

Amounts are in major units (yuan) and rates are fractions a year. Every name that a step, trigger
or formula uses must be of the deal, every state that can be entered must have a waterfall, and an
unknown key is refused: a deal that is read can be run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from headrace.contracts.securitisation.amounts import Rounding, exact, to_fen
from headrace.contracts.securitisation.dates import pattern
from headrace.contracts.securitisation.deal import (
    COLLECTION_KINDS,
    COLLECTION_WATERFALL,
    ROLE_WORDS,
    STATE_WORDS,
    STEP_WORDS,
    Account,
    Amortisation,
    Bond,
    Calendar,
    Coupon,
    Deal,
    Fee,
    FeeKind,
    Moment,
    Party,
    Role,
    State,
    Step,
    StepKind,
    Trigger,
)
from headrace.contracts.securitisation.deal_checks import check_deal
from headrace.contracts.securitisation.formulas import (
    COMPARISONS,
    Condition,
    Formula,
    condition,
    formula,
)
from headrace.errors import MappingError
from headrace.money import MINOR_PER_MAJOR

Data = Mapping[str, Any]
Kind = TypeVar("Kind", bound=StrEnum)

KEYS = {
    "name": "名称",
    "currency": "币种",
    "rounding": "舍入",
    "dates": "日期",
    "party": "参与方",
    "account": "账户",
    "fee": "费用",
    "bond": "证券",
    "collect": "回款归集",
    "waterfall": "分配顺序",
    "trigger": "触发事件",
    "clean_up": "清仓回购",
    "state": "状态",
    "original_pool": "初始资产池余额",
    "history": "历史累计",
    "ledgers": "台账",
    "cutoff": "封包日",
    "closing": "信托设立日",
    "first_collection": "首次归集日",
    "collection": "归集频率",
    "first_payment": "首次兑付日",
    "payment": "兑付频率",
    "maturity": "法定到期日",
    "revolving_until": "循环期截止日",
    "role": "角色",
    "limit": "上限",
    "opening": "期初余额",
    "target": "目标",
    "kind": "类型",
    "start": "起始日",
    "amount": "金额",
    "base": "基数",
    "rate": "利率",
    "day_count": "计息基准",
    "cap": "封顶",
    "by_step": "仅按步骤计提",
    "paid_to": "收款方",
    "rank": "顺位",
    "balance": "余额",
    "original": "初始余额",
    "index": "基准",
    "spread": "利差",
    "resets": "重置频率",
    "floor": "下限",
    "steps": "步骤",
    "on_unpaid": "复利",
    "amortisation": "摊还方式",
    "schedule": "摊还计划",
    "due": "到期日",
    "accrues_from": "起息日",
    "step": "动作",
    "from": "自",
    "to": "至",
    "in_order": "依次",
    "support": "支持",
    "when": "条件",
    "then": "则",
    "otherwise": "否则",
    "ledger": "记入台账",
    "note": "说明",
    "moment": "测试时点",
    "value": "指标",
    "is": "比较",
    "than": "阈值",
    "table": "阈值表",
    "curable": "可恢复",
}
"""Every key, and its Chinese form; both are read."""

_ENGLISH = {zh: en for en, zh in KEYS.items()}
_FEE_WORDS = {
    "一次性": "fixed",
    "固定费用": "fixed",
    "定期": "recurring",
    "周期费用": "recurring",
    "年化费率": "annual",
    "按比例": "share",
    "差额费用": "target",
}
_AMORTISATION_WORDS = {
    "过手摊还": "pass_through",
    "固定摊还": "schedule",
    "到期一次还本": "bullet",
    "权益": "equity",
}
_MOMENT_WORDS = {
    "归集后": "after_collection",
    "兑付前": "before_distribution",
    "兑付后": "after_distribution",
}
_ROUNDING_WORDS = {"四舍五入": "half_up", "舍去": "down"}
_WATERFALL_WORDS = {"回款后": COLLECTION_WATERFALL, "设立日": "closing"}


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Name the place of a value that is of another kind than its key wants."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise MappingError(
            f"A value cannot be read ({error})", where=where, remedy="a value of the key's kind"
        ) from error


def _words(table: Mapping[Kind, str]) -> dict[str, str]:
    return {zh: kind.value for kind, zh in table.items()}


class _Part:
    """A table of the data: keys taken one by one, and none left over."""

    def __init__(self, data: Data, where: str, per_major: int) -> None:
        if not isinstance(data, Mapping):
            raise MappingError(f"{data!r} is no table", where=where)
        self.data = {_ENGLISH.get(key, key): value for key, value in data.items()}
        self.where = where
        self.per_major = per_major

    def take(self, key: str) -> Any:
        if key not in self.data:
            raise MappingError(
                f"{key} is missing", where=self.where, remedy=f"{key} ({KEYS.get(key, key)})"
            )
        return self.data.pop(key)

    def get(self, key: str, otherwise: Any = None) -> Any:
        return self.data.pop(key, otherwise)

    def done(self) -> None:
        if self.data:
            raise MappingError(
                f"Unknown: {', '.join(self.data)}",
                where=self.where,
                remedy="a key of the docstring of `deal_data.KEYS`",
            )

    def money(self, key: str, otherwise: Any = None) -> Any:
        value = self.get(key)
        if value is None:
            return otherwise
        try:
            return to_fen(value, self.per_major)
        except (ArithmeticError, ValueError) as error:
            raise MappingError(str(error), where=f"{self.where} {key}") from error

    def day(self, key: str) -> date | None:
        value = self.get(key)
        return None if value is None else _day(value, f"{self.where} {key}")

    def formula(self, key: str) -> Formula | None:
        value = self.get(key)
        return None if value is None else formula(value, f"{self.where} {key}", self.per_major)

    def kind(self, key: str, kinds: type[Kind], words: Mapping[str, str]) -> Kind:
        written = str(self.take(key))
        try:
            return kinds(words.get(written, written))
        except ValueError as error:
            raise MappingError(
                f"{written!r} is no {key}", where=self.where, remedy=", ".join(kinds)
            ) from error


def _day(value: Any, where: str) -> date:
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    except ValueError as error:
        raise MappingError(f"{value!r} is no date", where=where, remedy="2026-11-22") from error


def _wanted(part: _Part, key: str) -> date:
    return _day(part.take(key), f"{part.where} {key}")


def read_deal(data: Data) -> Deal:
    """A deal from its data.

    Raises:
        MappingError: A key, a name or a state is not what it should be; the place is named.
    """
    with _at("deal"):
        return _deal(data)


def _deal(data: Data) -> Deal:
    top = _Part(data, "deal", 100)
    currency = str(top.get("currency", "CNY"))
    if currency not in MINOR_PER_MAJOR:
        raise MappingError(
            f"{currency!r} is no currency here", where="deal", remedy=", ".join(MINOR_PER_MAJOR)
        )
    per_major = top.per_major = MINOR_PER_MAJOR[currency]
    waterfalls = {
        _waterfall_name(key): _steps(steps, f"waterfall {key}", per_major)
        for key, steps in top.take("waterfall").items()
    }
    clean_up = top.get("clean_up")
    deal = Deal(
        name=str(top.take("name")),
        currency=currency,
        calendar=_calendar(_Part(top.take("dates"), "dates", per_major)),
        parties=tuple(_each(top, "party", _party)),
        accounts=tuple(_each(top, "account", _account)),
        fees=tuple(_each(top, "fee", _fee)),
        bonds=tuple(_each(top, "bond", _bond)),
        collect=_collect(top.take("collect")),
        waterfalls=waterfalls,
        triggers=tuple(_each(top, "trigger", _trigger)),
        clean_up=None if clean_up is None else _condition(clean_up, "clean_up", per_major),
        state=_state(top.get("state", State.NORMAL.value), "state"),
        rounding=_rounding(top.get("rounding", Rounding.HALF_UP.value)),
        original_pool=top.money("original_pool"),
        history={
            _collection_kind(key, extra=("default", "loss")): to_fen(value, per_major)
            for key, value in top.get("history", {}).items()
        },
        ledgers=tuple(top.get("ledgers", ())),
    )
    top.done()
    check_deal(deal)
    return deal


def _each(top: _Part, key: str, read: Callable[[_Part], Any]) -> Iterator[Any]:
    for number, one in enumerate(top.get(key, ()), start=1):
        part = _Part(one, f"{key} {number}", top.per_major)
        with _at(part.where):
            found = read(part)
            part.done()
        yield found


def _state(written: Any, where: str) -> State:
    try:
        return State(_words(STATE_WORDS).get(str(written), str(written)))
    except ValueError as error:
        raise MappingError(
            f"{written!r} is no state", where=where, remedy=", ".join(State)
        ) from error


def _rounding(written: Any) -> Rounding:
    try:
        return Rounding(_ROUNDING_WORDS.get(str(written), str(written)))
    except ValueError as error:
        raise MappingError(
            f"{written!r} is no rounding", where="rounding", remedy=", ".join(Rounding)
        ) from error


def _waterfall_name(key: str) -> str:
    words = _words(STATE_WORDS) | _WATERFALL_WORDS
    name = words.get(key, key)
    if name not in {*State, COLLECTION_WATERFALL, "closing"}:
        raise MappingError(
            f"{key!r} is no waterfall",
            where="waterfall",
            remedy=", ".join([*State, COLLECTION_WATERFALL, "closing"]),
        )
    return str(name)


def _collection_kind(key: str, extra: Sequence[str] = ()) -> str:
    kind = {zh: en for en, zh in COLLECTION_KINDS.items()}.get(key, key)
    if kind not in {*COLLECTION_KINDS, *extra}:
        raise MappingError(
            f"{key!r} is no kind of collection",
            where="collect",
            remedy=", ".join([*COLLECTION_KINDS, *extra]),
        )
    return kind


def _collect(written: Data) -> tuple[tuple[str, str], ...]:
    found = {_collection_kind(key): str(account) for key, account in written.items()}
    missing = [kind for kind in COLLECTION_KINDS if kind not in found]
    if missing:
        raise MappingError(
            f"No account collects {', '.join(missing)}",
            where="collect",
            remedy="an account for each kind: what is collected goes nowhere otherwise",
        )
    return tuple(found.items())


def _calendar(part: _Part) -> Calendar:
    with _at(part.where):
        calendar = _dates(part)
    part.done()
    return calendar


def _dates(part: _Part) -> Calendar:
    return Calendar(
        cutoff=_wanted(part, "cutoff"),
        closing=_wanted(part, "closing"),
        first_collection=_wanted(part, "first_collection"),
        collection=pattern(part.take("collection"), "dates collection"),
        first_payment=_wanted(part, "first_payment"),
        payment=pattern(part.take("payment"), "dates payment"),
        maturity=_wanted(part, "maturity"),
        revolving_until=part.day("revolving_until"),
    )


def _party(part: _Part) -> Party:
    role = part.kind("role", Role, _words(ROLE_WORDS))
    return Party(str(part.take("name")), role, part.money("limit"))


def _account(part: _Part) -> Account:
    return Account(str(part.take("name")), part.money("opening", 0), part.formula("target"))


def _fee(part: _Part) -> Fee:
    kind = part.kind("kind", FeeKind, _FEE_WORDS)
    dates = part.get("dates")
    fee = Fee(
        name=str(part.take("name")),
        kind=kind,
        start=_wanted(part, "start"),
        amount=part.money("amount", 0),
        dates=None if dates is None else pattern(dates, part.where),
        base=part.formula("base"),
        rate=exact(part.get("rate", 0)),
        day_count=str(part.get("day_count", "ACT/365F")),
        cap=part.money("cap"),
        by_step=bool(part.get("by_step", False)),
        paid_to=str(part.get("paid_to", "")),
    )
    needs = {
        FeeKind.RECURRING: ("dates", fee.dates),
        FeeKind.ANNUAL: ("base", fee.base),
        FeeKind.SHARE: ("base", fee.base),
        FeeKind.TARGET: ("base", fee.base),
    }
    wanted = needs.get(kind)
    if wanted is not None and wanted[1] is None:
        raise MappingError(f"A {kind} fee has no {wanted[0]}", where=f"{part.where} {fee.name}")
    return fee


def _bond(part: _Part) -> Bond:
    name = str(part.take("name"))
    resets, cap, floor = part.get("resets"), part.get("cap"), part.get("floor")
    coupon = Coupon(
        rate=exact(part.take("rate")),
        index=str(part.get("index", "")),
        spread=exact(part.get("spread", 0)),
        resets=None if resets is None else pattern(resets, f"{part.where} resets"),
        cap=None if cap is None else exact(cap),
        floor=None if floor is None else exact(floor),
        steps=tuple((_day(day, part.where), exact(rate)) for day, rate in part.get("steps", ())),
        day_count=str(part.get("day_count", "ACT/365F")),
        on_unpaid=bool(part.get("on_unpaid", False)),
    )
    part.data.setdefault("amortisation", Amortisation.PASS_THROUGH.value)
    balance = part.money("balance")
    if balance is None:
        raise MappingError("balance is missing", where=f"{part.where} {name}")
    schedule = part.get("schedule", ())
    return Bond(
        name=name,
        rank=int(part.take("rank")),
        balance=balance,
        original=part.money("original", balance),
        coupon=coupon,
        amortisation=part.kind("amortisation", Amortisation, _AMORTISATION_WORDS),
        schedule=tuple(
            (_day(day, part.where), to_fen(left, part.per_major)) for day, left in schedule
        ),
        due=part.day("due"),
        accrues_from=part.day("accrues_from"),
    )


def _steps(written: Sequence[Data], where: str, per_major: int) -> tuple[Step, ...]:
    return tuple(
        _step(_Part(one, f"{where}.{number}", per_major))
        for number, one in enumerate(written, start=1)
    )


def _condition(written: Data, where: str, per_major: int) -> Condition:
    plain = {_ENGLISH.get(key, key): value for key, value in written.items()}
    return condition(plain, where, per_major)


def _names(written: Any) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written)


def _step(part: _Part) -> Step:
    with _at(part.where):
        return _read_step(part)


def _read_step(part: _Part) -> Step:
    when = part.get("when")
    step = Step(
        kind=part.kind("step", StepKind, _words(STEP_WORDS)),
        account=str(part.get("from", "")),
        targets=_names(part.get("to", ())),
        limit=part.formula("limit"),
        in_order=bool(part.get("in_order", False)),
        support=_names(part.get("support", ())),
        when=None if when is None else _condition(when, f"{part.where} when", part.per_major),
        then=_steps(part.get("then", ()), f"{part.where} then", part.per_major),
        otherwise=_steps(part.get("otherwise", ()), f"{part.where} otherwise", part.per_major),
        ledger=str(part.get("ledger", "")),
        note=str(part.get("note", "")),
    )
    part.done()
    return step


def _trigger(part: _Part) -> Trigger:
    value = formula(part.take("value"), f"{part.where} value", part.per_major)
    state = part.get("state")
    written = str(part.take("is"))
    trigger = Trigger(
        name=str(part.take("name")),
        moment=part.kind("moment", Moment, _MOMENT_WORDS),
        value=value,
        op={zh: en for en, zh in COMPARISONS.items()}.get(written, written),
        threshold=part.formula("than"),
        table=tuple((int(until), exact(at)) for until, at in part.get("table", ())),
        state=None if state is None else _state(state, part.where),
        steps=_steps(part.get("steps", ()), part.where, part.per_major),
        curable=bool(part.get("curable", False)),
    )
    if trigger.op not in COMPARISONS or (trigger.threshold is None) == (not trigger.table):
        raise MappingError(
            f"Trigger {trigger.name} compares with nothing, or with two things",
            where=part.where,
            remedy='is = ">" and either than = ... or table = [[last period, value], ...]',
        )
    return trigger

"""The table of events, and what each type of event is called in English and Chinese."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.contracts.actus import kernels

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]

TYPES: dict[int, str] = {
    kernels.IED: "IED", kernels.START: "PRF", kernels.FP: "FP", kernels.PR: "PR",
    kernels.PI: "PI", kernels.PY: "PY", kernels.PP: "PP", kernels.IP: "IP",
    kernels.IPCI: "IPCI", kernels.CE: "CE", kernels.RRF: "RRF", kernels.RR: "RR",
    kernels.PRF: "PRF", kernels.PRD: "PRD", kernels.TD: "TD", kernels.SC: "SC",
    kernels.IPCB: "IPCB", kernels.MD: "MD", kernels.XD: "XD", kernels.LAST_IP: "IP",
    kernels.STD: "STD", kernels.DV: "DV", kernels.AD: "AD",
}  # fmt: skip
LEGS = {23: "IPFX", 24: "IPFL"}  # interest of the fixed and of the floating leg of a plain swap
NAMES = list(dict.fromkeys([*TYPES.values(), *LEGS.values()]))
SHOWN = np.array([NAMES.index(name) for name in [*TYPES.values(), *LEGS.values()]], np.int8)
IPFX, IPFL = 23, 24

WORDS: dict[str, tuple[str, str]] = {
    "IED": ("principal paid out", "放款"),
    "FP": ("fee paid", "费用"),
    "PR": ("principal repaid", "还本"),
    "PI": ("principal drawn", "提款"),
    "PY": ("penalty for prepayment", "提前还款违约金"),
    "PP": ("prepayment", "提前还款"),
    "IP": ("interest paid", "付息"),
    "IPFX": ("interest of the fixed leg", "固定端付息"),
    "IPFL": ("interest of the floating leg", "浮动端付息"),
    "IPCI": ("interest added to principal", "利息转本"),
    "CE": ("credit event", "信用事件"),
    "RRF": ("rate reset to a rate known before", "按已定利率重定价"),
    "RR": ("rate reset to the market", "利率重定价"),
    "PRF": ("instalment fixed anew", "重算还款额"),
    "PRD": ("bought", "买入"),
    "TD": ("sold or terminated", "终止"),
    "SC": ("index fixed", "指数调整"),
    "IPCB": ("base of interest fixed", "计息基数调整"),
    "MD": ("maturity", "到期"),
    "XD": ("exercised or called", "行权"),
    "STD": ("settled", "结算"),
    "DV": ("dividend", "分红"),
    "AD": ("looked at", "观察"),
}

SCHEMA = pa.schema(
    [
        pa.field("contract", pa.int64(), nullable=False),
        pa.field("time", pa.timestamp("s"), nullable=False),
        pa.field("type", pa.dictionary(pa.int8(), pa.string()), nullable=False),
        pa.field("payoff", pa.float64(), nullable=False),
        pa.field("currency", pa.dictionary(pa.int32(), pa.string())),
        pa.field("notional", pa.float64()),
        pa.field("rate", pa.float64()),
        pa.field("accrued", pa.float64()),
        pa.field("exercise_time", pa.timestamp("s")),
        pa.field("exercise_amount", pa.float64()),
    ]
)
"""One row an event, sorted by contract, then by time, then in the order events take place.

`contract` is the row of the contract in the batch. `payoff` is signed for the one whose role the
contract gives: above zero is received. `notional`, `rate` and `accrued` are the state after the
event, signed likewise; null where the type of contract has no such state. `exercise_time` and
`exercise_amount` are of options, futures, guarantees and collateral.
"""


@dataclass(frozen=True)
class Events:
    """Events in arrays of one length; NaN and NEVER are null.

    Attributes:
        contract: int64: the row of the contract.
        time: int64: seconds since 1970-01-01.
        code: int64: the type, by number.
        payoff: float64; so are notional, rate, accrued and exercise_amount.
        exercise_time: int64.
        currency: int64: the place of the currency in a list of codes, -1 for none.
    """

    contract: Longs
    time: Longs
    code: Longs
    payoff: Floats
    notional: Floats
    rate: Floats
    accrued: Floats
    exercise_time: Longs
    exercise_amount: Floats
    currency: Longs

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "Events":
        """Some of the events."""
        return Events(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def together(parts: list[Events]) -> Events:
    """Events of several batches end to end."""
    names = Events.__dataclass_fields__
    return Events(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def interleaved(many: Events, few: Events) -> Events:
    """Events of two batches in the order of contracts; each batch is in order, none is in both."""
    if len(few.contract) == 0:
        return many
    starts = np.flatnonzero(np.diff(few.contract, prepend=-1))
    stops = np.append(starts[1:], len(few.contract))
    places = np.searchsorted(many.contract, few.contract[starts]).tolist()
    pieces: list[tuple[Events, int, int]] = []
    before = 0
    for place, start, stop in zip(places, starts.tolist(), stops.tolist(), strict=True):
        pieces += [(many, before, place), (few, start, stop)]
        before = place
    pieces.append((many, before, len(many.contract)))
    names = Events.__dataclass_fields__
    return Events(
        *(np.concatenate([getattr(of, n)[start:stop] for of, start, stop in pieces]) for n in names)
    )


@dataclass(frozen=True)
class Row:
    """One event of a contract that is evaluated by itself; None is null.

    Attributes:
        time: Seconds since 1970-01-01.
        code: The type, by number.
        payoff: Signed for the one whose role the contract gives.
        currency: Its code.
        notional: The state after the event; so are rate, accrued and the exercise.
        rate: See notional.
        accrued: See notional.
        exercise_time: See notional.
        exercise_amount: See notional.
    """

    time: int
    code: int
    payoff: float
    currency: str
    notional: float | None = 0.0
    rate: float | None = 0.0
    accrued: float | None = 0.0
    exercise_time: int | None = None
    exercise_amount: float | None = None


class Currencies(dict[str, int]):
    """Numbers of currency codes, in the order they are met."""

    def number(self, code: str) -> int:
        """The number of a code, -1 for none."""
        return self.setdefault(code, len(self)) if code else -1


def order(code: int) -> int:
    """Where an event stands among those of one time; legs of a swap pay with interest."""
    return kernels.IP if code >= IPFX else code


def of_rows(rows: list[tuple[int, Row]], currencies: Currencies) -> Events:
    """Events of contracts evaluated one by one, as (contract, row) pairs in order."""

    def floats(name: str) -> Floats:
        values = [getattr(row, name) for _, row in rows]
        return np.array([np.nan if value is None else value for value in values], np.float64)

    never = kernels.NEVER
    return Events(
        np.array([contract for contract, _ in rows], np.int64),
        np.array([row.time for _, row in rows], np.int64),
        np.array([row.code for _, row in rows], np.int64),
        floats("payoff"),
        floats("notional"),
        floats("rate"),
        floats("accrued"),
        np.array(
            [never if r.exercise_time is None else r.exercise_time for _, r in rows], np.int64
        ),
        floats("exercise_amount"),
        np.array([currencies.number(row.currency) for _, row in rows], np.int64),
    )


def table(parts: list[Events], currencies: Currencies) -> pa.Table:
    """Parts that follow each other, each in order, as a table of `SCHEMA`."""
    codes, types = pa.array(list(currencies), pa.string()), pa.array(NAMES)
    batches = [_batch(part, codes, types) for part in parts if len(part.contract)]
    return pa.Table.from_batches(batches, SCHEMA)


def _batch(events: Events, currencies: pa.Array, types: pa.Array) -> pa.RecordBatch:
    never = events.exercise_time == kernels.NEVER
    currency = pa.array(events.currency.astype(np.int32), mask=events.currency < 0)
    columns = [
        pa.array(events.contract),
        pa.array(events.time).cast(pa.timestamp("s")),
        pa.DictionaryArray.from_arrays(pa.array(SHOWN[events.code]), types),
        pa.array(events.payoff),
        pa.DictionaryArray.from_arrays(currency, currencies),
        *(pa.array(each, from_pandas=True) for each in (events.notional, events.rate)),
        pa.array(events.accrued, from_pandas=True),
        pa.array(events.exercise_time, mask=never).cast(pa.timestamp("s")),
        pa.array(events.exercise_amount, from_pandas=True),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)

"""A guarantee pool through its events: the answer to each, the rate after it, what it moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from headrace.contracts.movements import Movement
from headrace.contracts.sharing.pool import rates, step
from headrace.contracts.sharing.pool_terms import Event, PoolState, PoolTerms, Rate, Refusal


@dataclass(frozen=True)
class PoolDay:
    """An event and what became of it.

    Attributes:
        row: Of the file, from 1.
        state: After it.
        rate: Of the first stop-loss after it; None where there is none.
    """

    row: int
    event: Event
    state: PoolState
    movements: tuple[Movement, ...]
    refusal: Refusal | None
    rate: Rate | None

    @property
    def act(self) -> str:
        """What was asked."""
        return type(self.event).__name__.lower()

    @property
    def name(self) -> str:
        """Whom or what it is about."""
        parts = (getattr(self.event, key, "") for key in ("party", "claim", "loan"))
        return " ".join(part for part in parts if part)


def run_pool(terms: PoolTerms, events: Sequence[tuple[int, Event]]) -> list[PoolDay]:
    """Every event in the order of the file, from an empty pool.

    Args:
        terms: What was agreed.
        events: With their rows, at least one.
    """
    state = PoolState(min(event.on for _, event in events))
    days: list[PoolDay] = []
    for row, event in events:
        done = step(terms, state, event)
        state = done.state
        rate = rates(terms, state)[0] if terms.stops else None
        days.append(PoolDay(row, event, state, done.movements, done.refusal, rate))
    return days


def days_table(days: Sequence[PoolDay]) -> pa.Table:
    """One row per event.

    Returns:
        `row`, `on`, `event`, `about`, `event_amount_minor`; `refusal` a key, null where it was
        done; `money_minor`, `outstanding_minor` after it; `compensated_minor`, `base_minor` and
        `rate` of the first stop-loss; `suspended`.
    """
    rows: list[Mapping[str, object]] = [
        {
            "row": day.row,
            "on": day.event.on,
            "event": day.act,
            "about": day.name,
            "event_amount_minor": getattr(day.event, "amount", None),
            "refusal": None if day.refusal is None else str(day.refusal),
            "money_minor": sum(day.state.money.values()),
            "outstanding_minor": day.state.outstanding,
            "compensated_minor": None if day.rate is None else day.rate.compensated,
            "base_minor": None if day.rate is None else day.rate.base,
            "rate": None if day.rate is None or day.rate.rate is None else float(day.rate.rate),
            "suspended": day.state.suspended_on is not None,
        }
        for day in days
    ]
    return pa.Table.from_pylist(rows, schema=DAYS)


DAYS = pa.schema(
    [
        ("row", pa.int64()), ("on", pa.date32()), ("event", pa.string()), ("about", pa.string()),
        ("event_amount_minor", pa.int64()), ("refusal", pa.string()), ("money_minor", pa.int64()),
        ("outstanding_minor", pa.int64()), ("compensated_minor", pa.int64()),
        ("base_minor", pa.int64()), ("rate", pa.float64()), ("suspended", pa.bool_()),
    ]
)  # fmt: skip


def pool_movements(days: Sequence[PoolDay]) -> pa.Table:
    """What moved, for a ledger: `row`, `on`, `debit`, `credit`, `amount_minor`, `memo`."""
    rows: list[Mapping[str, object]] = [
        {
            "row": day.row,
            "on": movement.on,
            "debit": movement.debit,
            "credit": movement.credit,
            "amount_minor": movement.amount,
            "memo": movement.memo,
        }
        for day in days
        for movement in day.movements
    ]
    return pa.Table.from_pylist(rows, schema=MOVEMENTS)


MOVEMENTS = pa.schema(
    [
        ("row", pa.int64()), ("on", pa.date32()), ("debit", pa.string()), ("credit", pa.string()),
        ("amount_minor", pa.int64()), ("memo", pa.string()),
    ]
)  # fmt: skip

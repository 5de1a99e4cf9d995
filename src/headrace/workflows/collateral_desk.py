"""Pledges through what happens to them, one event after another, each with its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from headrace.contracts.collateral.desk import step
from headrace.contracts.collateral.pledges import Event, Lines, Pledge, Refusal
from headrace.contracts.movements import Movement


@dataclass(frozen=True)
class Asked:
    """An event of a pledge.

    Attributes:
        pledge: Id of the pledge.
        row: Of the file, from 1; the last one where several make one event.
        told: The event in words, as it was written.
        event: What is to happen.
    """

    pledge: str
    row: int
    told: str
    event: Event


@dataclass(frozen=True)
class Answered:
    """What became of it: where the pledge stands after it."""

    asked: Asked
    pledge: Pledge
    movements: tuple[Movement, ...]
    refusal: Refusal | None


def run_desk(
    events: Sequence[Asked], lines: Lines, trading_days: Sequence[date]
) -> tuple[dict[str, Pledge], list[Answered]]:
    """Every event in the order of the file.

    A pledge begins with its first event, owing nothing; a mark says what is owed.

    Args:
        events: In order.
        lines: Of every pledge.
        trading_days: In order.
    """
    pledges: dict[str, Pledge] = {}
    answers: list[Answered] = []
    for asked in events:
        before = pledges.get(asked.pledge) or Pledge(lines, asked.event.on, 0)
        done = step(before, asked.event, trading_days)
        pledges[asked.pledge] = done.pledge
        answers.append(Answered(asked, done.pledge, done.movements, done.refusal))
    return pledges, answers


def answers_table(answers: Sequence[Answered]) -> pa.Table:
    """One row per event.

    Returns:
        `row`, `pledge`, `on`, `event`; where the pledge stands after it: `phase`, `deadline`,
        `owed_minor`, `value_minor`, `to_cure_minor`, `stale`; `refusal` a key, null where it was
        done; `moved_minor`, all that the event moved.
    """
    rows: list[Mapping[str, object]] = [
        {
            "row": each.asked.row,
            "pledge": each.asked.pledge,
            "on": each.asked.event.on,
            "event": each.asked.told,
            "phase": str(each.pledge.phase),
            "deadline": each.pledge.deadline,
            "owed_minor": each.pledge.owed_minor,
            "value_minor": each.pledge.value_minor,
            "to_cure_minor": each.pledge.called_minor,
            "stale": each.pledge.stale,
            "refusal": None if each.refusal is None else str(each.refusal),
            "moved_minor": sum(movement.amount for movement in each.movements),
        }
        for each in answers
    ]
    return pa.Table.from_pylist(rows, schema=ANSWERS)


ANSWERS = pa.schema(
    [
        ("row", pa.int64()), ("pledge", pa.string()), ("on", pa.date32()), ("event", pa.string()),
        ("phase", pa.string()), ("deadline", pa.date32()), ("owed_minor", pa.int64()),
        ("value_minor", pa.int64()), ("to_cure_minor", pa.int64()), ("stale", pa.bool_()),
        ("refusal", pa.string()), ("moved_minor", pa.int64()),
    ]
)  # fmt: skip


def movements_table(answers: Sequence[Answered]) -> pa.Table:
    """For a ledger: `row`, `pledge`, `on`, `debit`, `credit`, `amount_minor`, `memo`."""
    rows: list[Mapping[str, object]] = [
        {
            "row": each.asked.row,
            "pledge": each.asked.pledge,
            "on": movement.on,
            "debit": movement.debit,
            "credit": movement.credit,
            "amount_minor": movement.amount,
            "memo": movement.memo,
        }
        for each in answers
        for movement in each.movements
    ]
    return pa.Table.from_pylist(rows, schema=MOVEMENTS)


MOVEMENTS = pa.schema(
    [
        ("row", pa.int64()), ("pledge", pa.string()), ("on", pa.date32()), ("debit", pa.string()),
        ("credit", pa.string()), ("amount_minor", pa.int64()), ("memo", pa.string()),
    ]
)  # fmt: skip

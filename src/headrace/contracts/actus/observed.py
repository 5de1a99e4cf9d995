"""What contracts are told from outside: rates and prices over time, and things that happen.

This is the risk factor observer of the ACTUS technical specification 1.1 (section 5), with values
given beforehand: a rate is the last value known at a time, never one from later.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.contracts.actus import kernels
from headrace.contracts.actus.terms import parse_time
from headrace.errors import InputError

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]

HAPPENS = ("PP", "PR", "PI", "XD", "CE", "AD")


@dataclass(frozen=True)
class Happening:
    """Something that happened to a contract.

    Attributes:
        time: Seconds since 1970-01-01.
        type: PP a prepayment (提前还款), PR a repayment and PI a drawing of a contract without a
            schedule, XD a notice or an exercise, CE a credit event, AD a day to look at the state.
        value: The amount; of a credit event 0.
        state: The performance after a credit event: DL, DQ or DF (delayed, delinquent, default).
    """

    time: int
    type: str
    value: float
    state: str = ""


@dataclass(frozen=True)
class Observed:
    """Series of values by their market object code, and happenings by contractID.

    Attributes:
        market: Code to times (int64 seconds, rising) and values.
        happened: contractID to what happened, in order of time.
    """

    market: Mapping[str, tuple[Longs, Floats]] = field(default_factory=dict)
    happened: Mapping[str, tuple[Happening, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        market: Mapping[str, Iterable[tuple[Any, Any]]] | None = None,
        happened: Iterable[tuple[str, Any, str, Any]] = (),
    ) -> "Observed":
        """Read (time, value) pairs by code, and (contractID, time, type, value) rows.

        The value of a credit event is the state it leads to (`DF`).

        Raises:
            InputError: If a time or value cannot be read, or a type is unknown.
        """
        series = {code: _series(code, pairs) for code, pairs in (market or {}).items()}
        found: dict[str, list[Happening]] = {}
        for contract, time, kind, value in happened:
            if kind not in HAPPENS:
                problem, where = f"{kind!r} is not observed", f"contract {contract}, {time}"
                raise InputError(problem, where=where, remedy=f"One of {', '.join(HAPPENS)}.")
            try:
                credit = kind == "CE"
                amount, state = (0.0, str(value)) if credit else (float(value or 0), "")
                happening = Happening(parse_time(time), kind, amount, state)
            except (TypeError, ValueError) as error:
                problem, where = f"{kind} {value!r} at {time!r} cannot be read", contract
                raise InputError(problem, where=where, remedy="Give a time, a number.") from error
            found.setdefault(contract, []).append(happening)
        ordered = {
            contract: tuple(sorted(each, key=lambda it: it.time))
            for contract, each in found.items()
        }
        return cls(series, ordered)

    def watching(self, times: Mapping[str, Iterable[int]]) -> "Observed":
        """The same with days to look at the states of some contracts."""
        happened = dict(self.happened)
        for contract, each in times.items():
            seen = tuple(Happening(time, "AD", 0.0) for time in sorted(set(each)))
            happened[contract] = (*happened.get(contract, ()), *seen)
        return Observed(self.market, happened)

    def of_contract(self, contract: str, kind: str) -> list[Happening]:
        """What happened to one contract, of one type."""
        return [each for each in self.happened.get(contract, ()) if each.type == kind]

    def at(self, code: str, time: int) -> float | None:
        """The last value of a series not later than a time; None where there is none."""
        times, values = self.market.get(code, (np.empty(0, np.int64), np.empty(0)))
        place = int(np.searchsorted(times, time, side="right"))
        return float(values[place - 1]) if place else None

    @cached_property
    def flat(self) -> tuple[dict[str, int], tuple[Longs, Longs, Floats]]:
        """The number of each series, and all of them end to end as kernels read them."""
        numbers = {code: number for number, code in enumerate(self.market)}
        times = [times for times, _ in self.market.values()]
        values = [values for _, values in self.market.values()]
        starts = np.cumsum([0, *map(len, times)]).astype(np.int64)
        empty: list[Any] = [np.empty(0)]
        together = np.concatenate(empty + values)
        return numbers, (starts, np.concatenate(empty + times).astype(np.int64), together)

    def look_up(self, series: Longs, when: Longs) -> Floats:
        """float64 (k,): `at` for each row, by the number of a series (-1: none); NaN: unknown."""
        seen = np.empty(len(series))
        kernels.observe(series, when, self.flat[1], seen)
        return seen


def _series(code: str, pairs: Iterable[tuple[Any, Any]]) -> tuple[Longs, Floats]:
    try:
        rows = sorted((parse_time(time), float(value)) for time, value in pairs)
    except (TypeError, ValueError) as error:
        problem = f"a value of {code} cannot be read: {error}"
        raise InputError(problem, where=code, remedy="Give (time, number) pairs.") from error
    times = np.array([time for time, _ in rows], np.int64)
    return times, np.array([value for _, value in rows], np.float64)


NOTHING = Observed()

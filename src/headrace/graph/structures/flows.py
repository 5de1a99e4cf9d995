"""Circular flows: money or goods that go round through other parties and come back, in time order.

A round trip of invoices makes turnover that is none (闭环交易, 循环贸易); one of transfers makes
balances and flows that are none (资金空转).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.localtime import DAY_US
from headrace.graph.kernels import time_cycles
from headrace.graph.structures.transfers import Transfers

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]


@dataclass(frozen=True)
class FlowLimits:
    """What counts as a circular flow, and how long to look for one.

    Attributes:
        length_max: Transfers in one, 2 or more.
        span_us: From its first transfer to its last, at most; microseconds.
        percent_max: How far each amount may be from the first one's, per cent; None: any amount.
        fan_max: From a hub, at each step, only so many of the transfers that could come next are
            followed, the earliest first (LDBC FinBench calls this truncation).
        steps_max: Transfers looked at from one first transfer, at most.
        found_max: Circular flows kept, at most.
    """

    length_max: int = 6
    span_us: int = 30 * DAY_US
    percent_max: int | None = 10
    fan_max: int = 1_000
    steps_max: int = 1_000_000
    found_max: int = 1_000_000


@dataclass(frozen=True)
class CircularFlows:
    """Chains of transfers that came back to where they set out, each once.

    Attributes:
        edges: int64: positions of the transfers, chain behind chain, each from its first one.
        at: int64 (chains + 1,): where each chain begins in `edges`.
        least: int64 (chains,): the smallest amount of each: what can have gone all the way round.
        first_time: int64 (chains,), microseconds since 1970 UTC.
        last_time: int64 (chains,).
        hubs: int32: parties of which `fan_max` left transfers out.
        stopped: First transfers from which `steps_max` ended the search.
        filled: Whether `found_max` ended the search.
    """

    edges: Ints
    at: Ints
    least: Ints
    first_time: Ints
    last_time: Ints
    hubs: Codes
    stopped: int
    filled: bool

    @property
    def whole(self) -> bool:
        """Whether no limit but length, span and percent left anything out."""
        return not (self.hubs.size or self.stopped or self.filled)

    def __len__(self) -> int:
        """How many chains."""
        return len(self.at) - 1

    def chain(self, number: int) -> Ints:
        """Positions of the transfers of one chain, in order."""
        return self.edges[self.at[number] : self.at[number + 1]]


def circular_flows(moved: Transfers, limits: FlowLimits | None = None) -> CircularFlows:
    """All chains in which every payee pays the next and the last pays the first, in time order.

    No party occurs twice in a chain, no transfer is earlier than the one before it. Transfers of
    one moment may be in any order.

    Raises:
        InputError: If `length_max` is below 2.
    """
    limits = limits or FlowLimits()
    if limits.length_max < 2:
        raise InputError(
            f"a circular flow of {limits.length_max} transfers cannot be",
            where="FlowLimits.length_max",
            remedy="Give 2 or more.",
        )
    by_payer = np.argsort(moved.payer, kind="stable")
    edges, at, cut, stopped, whole = time_cycles(
        moved.payer[by_payer],
        moved.payee[by_payer],
        moved.time[by_payer],
        moved.amount[by_payer],
        _as_array(limits),
    )
    ranks = by_payer[edges]
    begin = at[:-1]
    least = np.minimum.reduceat(moved.amount[ranks], begin) if begin.size else begin
    return CircularFlows(
        edges=moved.position[ranks],
        at=at,
        least=least,
        first_time=moved.time[ranks[begin]],
        last_time=moved.time[ranks[at[1:] - 1]],
        hubs=np.flatnonzero(cut).astype(np.int32),
        stopped=stopped,
        filled=not whole,
    )


def _as_array(limits: FlowLimits) -> Ints:
    percent = -1 if limits.percent_max is None else limits.percent_max
    return np.array(
        [
            limits.length_max,
            limits.span_us,
            percent,
            limits.fan_max,
            limits.steps_max,
            limits.found_max,
        ],
        np.int64,
    )

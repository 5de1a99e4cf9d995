"""Structures of risk measured: flows that go round, loans traced, guarantee circles.

DuckDB's recursive SQL finds the same chains and rings, or the run ends in disagreement.
"""

import hashlib
import time
from collections.abc import Iterable

import duckdb
import numpy as np
import pyarrow as pa
from measures.found import Found, agreed
from workloads import transfers as workload

from headrace.graph.structures.breaking import break_rings
from headrace.graph.structures.circles import RingLimits, all_rings, find_circles
from headrace.graph.structures.closing import LiveGuarantees
from headrace.graph.structures.flows import CircularFlows, FlowLimits, circular_flows
from headrace.graph.structures.guarantees import Guarantees, links
from headrace.graph.structures.netting import standing
from headrace.graph.structures.tracing import Money, Rule, TraceLimits, trace
from headrace.graph.structures.transfers import Transfers, transfers

SPAN_US = 30 * workload.DAY_US
CYCLES_SQL = """
WITH RECURSIVE walk AS (
    SELECT payer AS start, payee AS here, time AS since, time AS moment, amount AS first,
           [payer] AS seen, [id] AS path
    FROM moved WHERE payer <> payee
    UNION ALL
    SELECT start, m.payee, since, m.time, first, list_append(seen, here), list_append(path, m.id)
    FROM walk JOIN moved m ON m.payer = here AND m.time > moment AND m.time <= since + $span
         AND m.amount BETWEEN first - first * 10 // 100 AND first + first * 10 // 100
    WHERE here <> start AND len(path) < $length AND NOT list_contains(seen, here)
)
SELECT path FROM walk WHERE here = start"""
RINGS_SQL = """
WITH RECURSIVE walk AS (
    SELECT giver AS start, taker AS here, [giver] AS seen FROM links WHERE taker > giver
    UNION ALL
    SELECT start, l.taker, list_append(seen, here)
    FROM walk JOIN links l ON l.giver = here
    WHERE here <> start AND l.taker >= start AND len(seen) < $length
          AND NOT list_contains(seen, here)
)
SELECT seen FROM walk WHERE here = start"""
TRACE_SQL = """
WITH RECURSIVE walk AS (
    SELECT payee AS here, time AS moment, 1 AS hops, id FROM moved
    WHERE payer = $account AND payee <> payer AND time BETWEEN $since AND $until
    UNION
    SELECT m.payee, m.time, hops + 1, m.id
    FROM walk JOIN moved m ON m.payer = here AND m.time > moment AND m.time <= $until
    WHERE hops < 5 AND here <> $account
)
SELECT DISTINCT id FROM walk"""


def circular(count: int, peer_count: int) -> Found:
    """All time-ordered cycles of up to six transfers in 30 days, within 10 %; and DuckDB's.

    Figures: seconds at `count`, with the index and without; recall of the planted rings; seconds
    of both at `peer_count`.
    """
    circular_flows(_indexed(workload.make(2_000, 5)))  # compiles
    made = workload.make(count, count // 10_000)
    began = time.perf_counter()
    moved = _indexed(made)
    indexed = time.perf_counter()
    found = circular_flows(moved)
    ended = time.perf_counter()
    chains = set(_chains(found))
    kept = sum(ring in chains for ring in made.planted)
    small = workload.make(peer_count, peer_count // 10_000)
    again = time.perf_counter()
    ours = circular_flows(_indexed(small))
    ours_seconds = time.perf_counter() - again
    theirs, theirs_seconds = _duckdb_cycles(small)
    digest = agreed("cycles", headrace=_digest(_chains(ours)), duckdb=_digest(theirs))
    figures = {
        "seconds": ended - indexed,
        "index_seconds": indexed - began,
        "found": float(len(found)),
        "recall": kept / len(made.planted),
        "cut_short": float(not found.whole),
        "peer_size_seconds": ours_seconds,
        "duckdb_seconds": theirs_seconds,
    }
    return Found(figures, digest)


def unlimited(count: int) -> Found:
    """The same at any amount: nothing but time and distance cuts the search."""
    moved = _indexed(workload.make(count, count // 10_000))
    circular_flows(_indexed(workload.make(2_000, 5)), FlowLimits(percent_max=None))
    began = time.perf_counter()
    found = circular_flows(moved, FlowLimits(percent_max=None))
    seconds = time.perf_counter() - began
    figures = {"seconds": seconds, "found": float(len(found)), "cut_short": float(not found.whole)}
    return Found(figures, _digest(_chains(found)))


def traced(count: int, loans: int, peer_loans: int) -> Found:
    """One loan traced for 90 days, five hops, by each rule; and DuckDB's chains, unattributed.

    Every transfer that carries money of ours is in a chain of DuckDB's.
    """
    made = workload.make(count, 0)
    moved = _indexed(made)
    rng = np.random.default_rng(3)
    starts = np.unique(rng.choice(made.payer, loans))
    figures, digests = {}, []
    for rule in Rule:
        seconds, carried = [], []
        for account in starts.tolist():
            money = Money(account, 50_000_000, 100 * workload.DAY_US)
            began = time.perf_counter()
            found = trace(moved, money, TraceLimits(until=190 * workload.DAY_US), rule)
            seconds.append(time.perf_counter() - began)
            if int(found.ended.sum()) != money.amount:
                message = f"{account}: {found.ended.sum()} of {money.amount} accounted for"
                raise AssertionError(message)
            carried.append((account, *sorted(found.edges.tolist())))
        p50, p99 = np.percentile(seconds[1:], (50, 99)).tolist()
        name = rule.name.lower()
        figures |= {f"{name}_p50_seconds": p50, f"{name}_p99_seconds": p99}
        digests.append(_digest(carried))
    figures["duckdb_seconds"] = _duckdb_trace(made, carried[:peer_loans])
    return Found(figures, "".join(digests))


def circles(count: int, peer_count: int) -> Found:
    """Guarantee circles, nets and the smallest sets to replace; rings beside DuckDB's."""
    _circles_of(200)
    began = time.perf_counter()
    found = _circles_of(count)
    circled = time.perf_counter()
    standing(found)
    netted = time.perf_counter()
    some = range(min(len(found), 500))
    sets = [break_rings(found, number) for number in some]
    broken = time.perf_counter()
    small = _circles_of(peer_count)
    all_rings(small, RingLimits(length_max=2))
    again = time.perf_counter()
    ours = list(_rings(small, 5))
    ours_seconds = time.perf_counter() - again
    theirs, theirs_seconds = _duckdb_rings(small, 5)
    digest = agreed("rings", headrace=_digest(ours), duckdb=_digest(theirs))
    figures = {
        "seconds": circled - began,
        "net_seconds": netted - circled,
        "break_each_seconds": (broken - netted) / max(len(sets), 1),
        "break_exact": sum(each.exact for each in sets) / max(len(sets), 1),
        "found": float(len(found)),
        "peer_size_rings_seconds": ours_seconds,
        "duckdb_rings_seconds": theirs_seconds,
    }
    return Found(figures, digest)


def closing(count: int, arrivals: int) -> Found:
    """A new guarantee arrives: which rings it closes, within how long."""
    live = LiveGuarantees(_circles_of(count))
    giver, taker, parties = workload.guarantees(count)
    rng = np.random.default_rng(5)
    back = rng.integers(0, len(giver), arrivals)
    new = rng.integers(0, parties, (arrivals, 2))
    live.add(0, 1)
    seconds, closed = [], []
    for number, link in enumerate(back.tolist()):
        ends = (taker[link], giver[link]) if number % 2 else new[number]
        began = time.perf_counter()
        found = live.add(int(ends[0]), int(ends[1]))
        seconds.append(time.perf_counter() - began)
        closed.append((number, len(found.rings)))
    p50, p99 = np.percentile(seconds, (50, 99)).tolist()
    some = float(sum(each > 0 for _, each in closed))
    figures = {"p50_seconds": p50, "p99_seconds": p99, "max_seconds": max(seconds)}
    return Found(figures | {"closed": some}, _digest(closed))


def _indexed(made: workload.Transfers) -> Transfers:
    return transfers(made.payer, made.payee, made.amount, made.time, made.accounts)


def _chains(found: CircularFlows) -> list[tuple[int, ...]]:
    return [tuple(found.chain(number).tolist()) for number in range(len(found))]


def _circles_of(count: int):
    giver, taker, parties = workload.guarantees(count)
    amount = np.random.default_rng(2).integers(1, 1_000, count) * 1_000_000
    return find_circles(links(Guarantees(giver, taker, amount, np.ones(count, bool), parties)))


def _rings(found, length: int) -> Iterable[tuple[int, ...]]:
    some = all_rings(found, RingLimits(length_max=length, found_max=1_000_000))
    for place in range(len(some)):
        yield tuple(found.links.giver[some.ring(place)].tolist())


def _duckdb_cycles(made: workload.Transfers) -> tuple[list[tuple[int, ...]], float]:
    connection = _moved(made)
    began = time.perf_counter()
    rows = connection.execute(CYCLES_SQL, {"span": SPAN_US, "length": 6}).fetchall()
    return [tuple(row[0]) for row in rows], time.perf_counter() - began


def _duckdb_trace(made: workload.Transfers, carried: list[tuple[int, ...]]) -> float:
    connection, seconds = _moved(made), []
    for account, *edges in carried:
        since, until = 100 * workload.DAY_US, 190 * workload.DAY_US
        began = time.perf_counter()
        rows = connection.execute(
            TRACE_SQL, {"account": account, "since": since, "until": until}
        ).fetchall()
        seconds.append(time.perf_counter() - began)
        reached = {row[0] for row in rows}
        if not reached.issuperset(edges):
            message = f"{account}: DuckDB reaches none of {set(edges) - reached}"
            raise AssertionError(message)
    return float(np.median(seconds))


def _duckdb_rings(found, length: int) -> tuple[list[tuple[int, ...]], float]:
    connection = duckdb.connect()
    table = pa.table({"giver": found.links.giver, "taker": found.links.taker})
    connection.register("given", table)
    connection.execute("CREATE TABLE links AS SELECT * FROM given")
    began = time.perf_counter()
    rows = connection.execute(RINGS_SQL, {"length": length}).fetchall()
    return [tuple(row[0]) for row in rows], time.perf_counter() - began


def _moved(made: workload.Transfers) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    columns = {"payer": made.payer, "payee": made.payee, "amount": made.amount, "time": made.time}
    connection.register("given", pa.table({"id": np.arange(len(made.payer)), **columns}))
    connection.execute("CREATE TABLE moved AS SELECT * FROM given")
    return connection


def _digest(rows: Iterable[tuple[int, ...]]) -> str:
    return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()

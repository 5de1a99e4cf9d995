"""Graph kernels over arrays: papers or transfers as (source, target, time, amount)."""

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Cycles = tuple[Ints, Ints, NDArray[np.bool_], int, bool]

BACK_LEVELS = 3  # how far back from the start it is known who can still reach it
BACK_STEPS_MAX = 20_000  # per start; a start that costs more is searched without that knowledge


def time_cycles(source: Codes, target: Codes, time: Ints, amount: Ints, limits: Ints) -> Cycles:
    """Closed chains of edges in time order, each once, by depth-first search from its first edge.

    A chain sets out with any edge of positive amount. It goes on with edges that are not earlier
    than the one before nor more than `span` after the first, and whose amount is within
    `percent` per cent of the first one's; no party occurs twice. What cannot come back to its
    start in time is not followed: before going forward, the last moments at which each party can
    still reach the start are found by going backward from it for half of the way. The idea is that
    of 2SCENT (Kumar and Calders, "2SCENT: An efficient algorithm for enumerating all simple
    temporal cycles", PVLDB 11(11), 2018); the search is our own.

    Args:
        source: int32 (m,), from 0, sorted; within a source sorted by time.
        target: int32 (m,).
        time: int64 (m,).
        amount: int64 (m,), minor units.
        limits: int64 (6,): length_max (2 or more), span, percent (-1: any positive amount),
            fan_max (edges followed from one party at one step, the earliest first), steps_max
            (edges looked at from one start), found_max (chains kept).

    Returns:
        edges: int64: of the chains one behind the other, each from its first edge.
        at: int64 (chains + 1,): where each chain starts in `edges`.
        cut: bool (parties,): parties of which more than fan_max edges could have been followed.
        stopped: starts that were left at steps_max.
        whole: False where found_max ended the search.
    """
    n = int(max(source.max(initial=-1), target.max(initial=-1))) + 1
    out_at = np.searchsorted(source, np.arange(n + 1))
    in_edge = np.lexsort((time, target))
    in_at = np.searchsorted(target[in_edge], np.arange(n + 1))
    into = (in_at, in_edge, time[in_edge])
    stamp = np.full((min(BACK_LEVELS, int(limits[0]) - 1), n), -1, np.int64)
    found: Cycles = _search(source, target, time, amount, limits, out_at, *into, stamp)
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _search(source, target, time, amount, limits, out_at, in_at, in_edge, in_time, stamp):
    """Arguments and result as in `time_cycles`; edges by source, and by target and time."""
    length_max, span, percent = limits[0], limits[1], limits[2]
    fan_max, steps_max, found_max = limits[3], limits[4], limits[5]
    n = len(out_at) - 1
    levels = len(stamp)
    cut = np.zeros(n, np.bool_)
    latest = np.empty((levels, n), np.int64)
    wave = np.empty((2, n), np.int32)
    path = np.empty(length_max, np.int64)
    cursor = np.empty(length_max, np.int64)
    fan = np.empty(length_max, np.int64)
    edges, at = np.empty(64, np.int64), np.zeros(16, np.int64)
    count, stopped = 0, 0
    for first in range(len(source)):
        start = source[first]
        if amount[first] <= 0 or target[first] == start:
            continue
        low, high = _near(amount[first], percent)
        since, until = time[first], time[first] + span
        seeing = _look_back(
            start, since, until, low, high, source, amount, in_at, in_edge, in_time,
            first, stamp, latest, wave,
        )  # fmt: skip
        if seeing == 0:
            continue
        path[0], depth, steps = first, 1, 0
        cursor[1] = _first_at(time, since, out_at[target[first]], out_at[target[first] + 1])
        fan[1] = 0
        if seeing == 1 and not _can_return(
            target[first], since, length_max - 1, levels, first, stamp, latest
        ):
            continue
        while depth > 0:
            here = target[path[depth - 1]]
            edge = cursor[depth]
            if edge >= out_at[here + 1] or time[edge] > until:
                depth -= 1
                continue
            cursor[depth] += 1
            steps += 1
            if steps > steps_max:
                stopped += 1
                break
            if amount[edge] < low or amount[edge] > high:
                continue
            fan[depth] += 1
            if fan[depth] > fan_max:
                cut[here] = True
                depth -= 1
                continue
            there = target[edge]
            if there == start:
                path[depth] = edge
                if not _is_first_turn(path, depth + 1, time, amount, percent):
                    continue
                if count == found_max:
                    return edges[: at[count]], at[: count + 1], cut, stopped, False
                edges, at = _kept(path, depth + 1, count, edges, at)
                count += 1
                continue
            left = length_max - depth - 1
            if left < 1 or _is_on(there, path, depth, source, target):
                continue
            if seeing == 1 and not _can_return(
                there, time[edge], left, levels, first, stamp, latest
            ):
                continue
            path[depth] = edge
            depth += 1
            cursor[depth] = _first_at(time, time[edge], out_at[there], out_at[there + 1])
            fan[depth] = 0
    return edges[: at[count]], at[: count + 1], cut, stopped, True


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _look_back(
    start, since, until, low, high, source, amount, in_at, in_edge, in_time,
    mark, stamp, latest, wave,
):  # fmt: skip
    """The last moments at which parties can leave and still be at `start` in time.

    latest[k, v], where stamp[k, v] is `mark`, is the latest time of an edge of v that is followed
    by at most k more edges to `start`. Returns 0 where nothing comes back, 1 where all of that is
    known, 2 where it costs too much to know.
    """
    steps = 0
    size = 0
    for at in range(_first_at(in_time, until + 1, in_at[start], in_at[start + 1]) - 1, -1, -1):
        if at < in_at[start] or in_time[at] < since:
            break
        steps += 1
        if steps > BACK_STEPS_MAX:
            return 2
        edge = in_edge[at]
        if amount[edge] < low or amount[edge] > high:
            continue
        party = source[edge]
        if party != start and stamp[0, party] != mark:
            stamp[0, party], latest[0, party] = mark, in_time[at]
            wave[0, size] = party
            size += 1
    if size == 0:
        return 0
    for level in range(1, len(stamp)):
        here, there = (level - 1) & 1, level & 1
        grown = 0
        for place in range(size):
            party = wave[here, place]
            bound = latest[level - 1, party]
            for at in range(
                _first_at(in_time, bound + 1, in_at[party], in_at[party + 1]) - 1, -1, -1
            ):
                if at < in_at[party] or in_time[at] < since:
                    break
                steps += 1
                if steps > BACK_STEPS_MAX:
                    return 2
                edge = in_edge[at]
                if amount[edge] < low or amount[edge] > high:
                    continue
                before = source[edge]
                if before == start:
                    continue
                if stamp[level, before] != mark:
                    stamp[level, before], latest[level, before] = mark, in_time[at]
                    wave[there, grown] = before
                    grown += 1
                elif latest[level, before] < in_time[at]:
                    latest[level, before] = in_time[at]
        size = grown
    return 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _can_return(party, moment, left, levels, mark, stamp, latest):
    """Whether `left` edges may bring `party` back in time; True where that is not known."""
    if left > levels:
        return True
    for level in range(left):
        if stamp[level, party] == mark and latest[level, party] >= moment:
            return True
    return False


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _near(amount, percent):
    """The least and greatest amount within `percent` of `amount`, without overflow."""
    if percent < 0:
        return np.int64(1), np.int64(0x7FFFFFFFFFFFFFFF)
    slack = (amount // 100) * percent + (amount % 100) * percent // 100
    return amount - slack, amount + slack


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _is_first_turn(path, length, time, amount, percent):
    """Whether a chain is found here for the first time.

    Only a chain all of one moment can be found again from another of its edges.
    """
    if time[path[0]] != time[path[length - 1]]:
        return True
    for other in range(1, length):
        edge = path[other]
        if edge > path[0] or amount[edge] <= 0:
            continue
        low, high = _near(amount[edge], percent)
        valid = True
        for each in range(length):
            valid &= low <= amount[path[each]] <= high
        if valid:
            return False
    return True


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _is_on(party, path, length, source, target):
    """Whether a chain of `length` edges has been at `party` already."""
    for place in range(length):
        if source[path[place]] == party:
            return True
    return target[path[length - 1]] == party


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _kept(path, length, count, edges, at):
    """The chains with one more, in arrays that grow."""
    end = at[count] + length
    if end > len(edges):
        edges = _longer(edges, 2 * end)
    if count + 2 > len(at):
        at = _longer(at, 2 * len(at))
    for place in range(length):
        edges[at[count] + place] = path[place]
    at[count + 1] = end
    return edges, at


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _longer(values, length):
    """The values at the beginning of an array of `length`."""
    longer = np.empty(length, np.int64)
    for place in range(len(values)):
        longer[place] = values[place]
    return longer


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _first_at(time, moment, low, high):
    """The first edge of low..high that is not before `moment`."""
    while low < high:
        middle = (low + high) >> 1
        if time[middle] < moment:
            low = middle + 1
        else:
            high = middle
    return low


def rounds(
    source: Ints, target: Ints, day: Ints, amount: Ints, limits: tuple[int, int, int]
) -> list[tuple[int, ...]]:
    """Closed chains of papers: goods of about one amount that come back to where they set out.

    A round is a chain of 2 to `length_max` papers in which each buyer is the next seller and the
    last buyer is the first seller, no party occurs twice, no paper is dated before the one before
    it or more than `days_max` after the first, and every amount is positive and within
    `percent_max` per cent of the first one's.

    Args:
        source: Seller of each paper, (n,), sorted; within a seller sorted by day.
        target: Buyer, (n,).
        day: Days, (n,).
        amount: Minor units, (n,).
        limits: length_max, days_max, percent_max.

    Returns:
        Each round once, as positions of its papers, starting where the least position is.
    """
    if source.size < 2:
        return []
    unlimited = np.iinfo(np.int64).max
    edges, at, _, _, _ = time_cycles(
        source.astype(np.int32),
        target.astype(np.int32),
        np.ascontiguousarray(day, np.int64),
        np.ascontiguousarray(amount, np.int64),
        np.array([*limits, unlimited, unlimited, unlimited], np.int64),
    )
    chains = [tuple(edges[at[k] : at[k + 1]].tolist()) for k in range(len(at) - 1)]
    turns = [chain.index(min(chain)) for chain in chains]
    return sorted(chain[turn:] + chain[:turn] for chain, turn in zip(chains, turns, strict=True))

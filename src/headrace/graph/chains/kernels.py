"""Walking a trie, and the nearest rows of a sparse table."""

import numba
import numpy as np


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def longest(codes, at, keys, child_at, accepts, text, start, end, name):
    """Names in texts, leftmost, then longest; how many were found.

    Args:
        codes: uint32: the texts' characters.
        at: int64 (texts + 1,): where each text begins.
        keys: int64: steps of the trie, state << 21 | character, sorted.
        child_at: int64 (states + 1,): where a state's steps begin.
        accepts: int32 (states,): name or -1.
        text: int32, written; so are start, end and name.
        start: See text.
        end: See text.
        name: See text.
    """
    count = 0
    for number in range(len(at) - 1):
        place = at[number]
        while place < at[number + 1]:
            state, stop, found = 0, place, -1
            for on in range(place, at[number + 1]):
                key = np.int64(state) << 21 | np.int64(codes[on])
                low, high = child_at[state], child_at[state + 1]
                while low < high:
                    middle = (low + high) >> 1
                    if keys[middle] < key:
                        low = middle + 1
                    else:
                        high = middle
                if low == child_at[state + 1] or keys[low] != key:
                    break
                state = low + 1
                if accepts[state] >= 0:
                    stop, found = on + 1, accepts[state]
            if found >= 0:
                text[count], name[count] = number, found
                start[count], end[count] = place - at[number], stop - at[number]
                count += 1
                place = stop
            else:
                place += 1
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def nearest(ask_at, ask, ask_weight, at, names, weight, count, best, score):
    """The rows with the largest inner product with each row asked about.

    Args:
        ask_at: With `ask` (grams) and `ask_weight`: rows asked about, CSR.
        ask: See ask_at.
        ask_weight: See ask_at.
        at: With `names` and `weight`: for each gram the names that have it, CSC.
        names: See at.
        weight: See at.
        count: How many names there are.
        best: int32 (rows, k), written: -1 where fewer share a gram. Of equal ones the first.
        score: float64 (rows, k), written.
    """
    k = best.shape[1]
    sums = np.zeros(count)
    touched = np.empty(count, np.int32)
    for row in range(len(ask_at) - 1):
        met = 0
        for on in range(ask_at[row], ask_at[row + 1]):
            for place in range(at[ask[on]], at[ask[on] + 1]):
                which = names[place]
                if sums[which] == 0.0:
                    touched[met] = which
                    met += 1
                sums[which] += ask_weight[on] * weight[place]
        best[row, :] = -1
        score[row, :] = 0.0
        for on in range(met):
            which = touched[on]
            value = sums[which]
            sums[which] = 0.0
            last = k - 1
            if best[row, last] >= 0 and (
                value < score[row, last] or (value == score[row, last] and which > best[row, last])
            ):
                continue
            while last > 0 and (
                best[row, last - 1] < 0
                or value > score[row, last - 1]
                or (value == score[row, last - 1] and which < best[row, last - 1])
            ):
                best[row, last], score[row, last] = best[row, last - 1], score[row, last - 1]
                last -= 1
            best[row, last], score[row, last] = which, value

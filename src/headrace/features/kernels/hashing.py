"""Values to words of 64 bits, and words to dense numbers by a table with open addressing.

Texts are named by 128 bits of a hash: two of ten million texts are taken for one with a chance
of 1e-25. Numbers are their own word.
"""

import numpy as np

from headrace.features.kernels import kernel, part, short

_A = np.uint64(0x9E3779B97F4A7C15)
_B = np.uint64(0xC2B2AE3D27D4EB4F)
_C = np.uint64(0xBF58476D1CE4E5B9)
_D = np.uint64(0x94D049BB133111EB)


@part
def mix(word):
    """A word whose every bit depends on every bit of the one given (splitmix64's finish)."""
    bits = np.uint64(word)
    bits = (bits ^ (bits >> np.uint64(30))) * _C
    bits = (bits ^ (bits >> np.uint64(27))) * _D
    return np.int64(bits ^ (bits >> np.uint64(31)))


@part
def _hash(data, start, end):
    """128 bits of data[start:end]."""
    size = np.uint64(end - start)
    one = size * _A
    two = size ^ _B
    word = np.uint64(0)
    filled = 0
    for place in range(start, end):
        word = (word << np.uint64(8)) | np.uint64(data[place])
        filled += 1
        if filled == 8:
            one = np.uint64(mix(one ^ word)) + _A
            two = np.uint64(mix(two + word * _B)) ^ one
            word = np.uint64(0)
            filled = 0
    if filled > 0:
        one = np.uint64(mix(one ^ word)) + _A
        two = np.uint64(mix(two + word * _B)) ^ one
    return mix(one ^ _D), mix(two + _C)


@kernel
def hash_texts(offsets, data, out):
    """128 bits of each text into out, (n, 2); text i is data[offsets[i]:offsets[i + 1]]."""
    for text in range(offsets.size - 1):
        out[text, 0], out[text, 1] = _hash(data, offsets[text], offsets[text + 1])


@short
def hash_text(data):
    """128 bits of one text, as two words."""
    return _hash(data, 0, data.size)


@kernel
def combine(words, more):
    """Fold further words into words, both (n, 2): keys of several columns."""
    for row in range(words.shape[0]):
        one = np.uint64(words[row, 0]) * _A + np.uint64(more[row, 0])
        two = np.uint64(words[row, 1]) * _B + np.uint64(more[row, 1])
        words[row, 0] = mix(one)
        words[row, 1] = mix(two ^ one)


@part
def find(table, first, second):
    """Number of a pair of words in a table, (size, 3) with number + 1 in column 2; -1: not there.

    The size is a power of two.
    """
    last = table.shape[0] - 1
    at = mix(first ^ (second << 1)) & last
    while table[at, 2] != 0:
        if table[at, 0] == first and table[at, 1] == second:
            return table[at, 2] - 1
        at = (at + 1) & last
    return -1


@part
def insert(table, first, second, number):
    """Put a pair that is not in the table there."""
    last = table.shape[0] - 1
    at = mix(first ^ (second << 1)) & last
    while table[at, 2] != 0:
        at = (at + 1) & last
    table[at, 0] = first
    table[at, 1] = second
    table[at, 2] = number + 1


@part
def remove(table, first, second):
    """Take a pair out; pairs behind it that would no longer be found move up."""
    last = table.shape[0] - 1
    at = mix(first ^ (second << 1)) & last
    while table[at, 0] != first or table[at, 1] != second or table[at, 2] == 0:
        if table[at, 2] == 0:
            return
        at = (at + 1) & last
    hole = at
    while True:
        at = (at + 1) & last
        if table[at, 2] == 0:
            break
        home = mix(table[at, 0] ^ (table[at, 1] << 1)) & last
        if ((at - home) & last) >= ((at - hole) & last):
            table[hole] = table[at]
            hole = at
    table[hole, 2] = 0


@kernel
def number_all(table, words, count, out):
    """Dense numbers of pairs, (n, 2), new ones from `count` on; returns the new count.

    Stops with -1 - row where the table is half full; grow it and go on from that row.
    """
    for row in range(words.shape[0]):
        if out[row] >= 0:
            continue
        number = find(table, words[row, 0], words[row, 1])
        if number < 0:
            if 2 * count >= table.shape[0]:
                return -1 - count
            number = count
            insert(table, words[row, 0], words[row, 1], number)
            count += 1
        out[row] = number
    return count


@short
def number_one(table, first, second, count):
    """As `number_all` of one pair: its number, and the new count, below 0 where it is full."""
    number = find(table, first, second)
    if number >= 0:
        return number, count
    if 2 * count >= table.shape[0]:
        return number, -1 - count
    insert(table, first, second, count)
    return count, count + 1


@kernel
def grown(table):
    """The same pairs in a table of twice the size."""
    bigger = np.zeros((2 * table.shape[0], 3), np.int64)
    _copy(table, bigger)
    return bigger


@kernel
def copy(table, bigger):
    """Put the pairs of a table into a larger one that is empty."""
    _copy(table, bigger)


@part
def _copy(table, bigger):
    for at in range(table.shape[0]):
        if table[at, 2] != 0:
            insert(bigger, table[at, 0], table[at, 1], table[at, 2] - 1)


@kernel
def find_all(table, words, out):
    """Number of each pair of words, (n, 2); -1 where it has none."""
    for row in range(words.shape[0]):
        out[row] = find(table, words[row, 0], words[row, 1])


@kernel
def mix_all(words, out):
    """First word of each pair, (n, 2), mixed."""
    for row in range(words.shape[0]):
        out[row] = mix(words[row, 0])

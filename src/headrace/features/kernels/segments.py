"""Where the rows of each key lie: a slot per key, and segments of a pool of words.

Segments have a few dozen sizes; a key that outgrows one moves to the next, and what is free is used
again. Nothing here knows what the words mean.
"""

from headrace.features.kernels import hashing, part, routine
from headrace.features.kernels.codes import (
    BLOCK,
    DONE,
    I_FIRST,
    I_SECOND,
    POOL_FULL,
    SLOTS_FULL,
    TABLE_FULL,
)

CLASSES = 56  # sizes of segments

# Of `shape`: words of a row and of a block, the word of the id or -1, how far an event may trail
# the latest one and still be exact, and how far windows reach back (below 0: rows are kept for
# ever), both in microseconds.
ROW_WORDS, BLOCK_WORDS, ID_WORD, LATENESS, MEMORY = range(5)

# Words of `heads`: words used, slots used, watermark, rows, first free slot + 1, nothing, cursors
# used, first free cursor + 1; then the rows that a segment of each size class holds; then the first
# free segment of each, as word + 1.
H_USED, H_SLOTS, H_WATERMARK, H_EVENTS, H_FREE_SLOT, H_TOUCHED, H_CURSORS, H_FREE_CURSOR = range(8)
H_LISTS = 8

# Columns of `slots`: word of the key's first row, rows, size class, its cursor + 1 (0: none), and
# the two words of the key.
S_BASE, S_LENGTH, S_CLASS, S_CURSOR, S_FIRST, S_SECOND = range(6)
S_WORDS = 6

K_AT, K_ROWS = range(2)  # words of a cursor that matter here, see `cursors`


@part
def place_of(slots, shape, slot):
    """Where the rows of a slot lie, as `ranges.address` takes it; of no slot: somewhere."""
    base = slots[slot, S_BASE] if slot >= 0 else 0
    return base, shape[BLOCK_WORDS], shape[ROW_WORDS]


@part
def words_of(capacity, shape):
    """Words of a segment; below one block there are no totals."""
    if capacity < BLOCK:
        return capacity * shape[ROW_WORDS]
    return capacity // BLOCK * shape[BLOCK_WORDS]


@routine
def allocate(shape, pool, heads, size_class):
    """The first word of a segment; -1: the pool is full. A larger one that is free is cut up."""
    words = words_of(heads[H_LISTS + size_class], shape)
    for larger in range(size_class, CLASSES):
        free = heads[H_LISTS + CLASSES + larger]
        if free != 0:
            base = free - 1
            heads[H_LISTS + CLASSES + larger] = pool[base]
            rest = words_of(heads[H_LISTS + larger], shape) - words
            _release_words(shape, pool, heads, base + words, rest)
            return base
    base = heads[H_USED]
    if base + words > pool.size:
        return -1
    heads[H_USED] += words
    return base


@routine
def _release_words(shape, pool, heads, base, words):
    """Give words back as the largest segments that fit."""
    for number in range(CLASSES):
        size_class = CLASSES - 1 - number
        size = words_of(heads[H_LISTS + size_class], shape)
        while size <= words:
            release(pool, heads, base, size_class)
            base += size
            words -= size


@part
def release(pool, heads, base, size_class):
    """Put a segment before the others that are free."""
    pool[base] = heads[H_LISTS + CLASSES + size_class]
    heads[H_LISTS + CLASSES + size_class] = base + 1


@routine
def new_slot(shape, pool, slots, table, heads, incoming, row):
    """A slot for the key of an incoming row; -1 and what is full, or its number and DONE."""
    reused = heads[H_FREE_SLOT]
    number = reused - 1 if reused != 0 else heads[H_SLOTS]
    if number >= slots.shape[0]:
        return -1, SLOTS_FULL
    if reused == 0 and 2 * heads[H_SLOTS] >= table.shape[0]:
        return -1, TABLE_FULL
    base = allocate(shape, pool, heads, 0)
    if base < 0:
        return -1, POOL_FULL
    if reused != 0:
        heads[H_FREE_SLOT] = slots[number, S_BASE]
    else:
        heads[H_SLOTS] += 1
    slots[number, S_BASE] = base
    slots[number, S_LENGTH] = 0
    slots[number, S_CLASS] = 0
    slots[number, S_CURSOR] = 0
    slots[number, S_FIRST] = incoming[row, I_FIRST]
    slots[number, S_SECOND] = incoming[row, I_SECOND]
    hashing.insert(table, incoming[row, I_FIRST], incoming[row, I_SECOND], number)
    return number, DONE


@routine
def new_cursor(slots, cursors, heads, slot):
    """Give a key a cursor; False: there is no room for one."""
    free = heads[H_FREE_CURSOR]
    if free == 0 and heads[H_CURSORS] == cursors.shape[0]:
        return False
    if free != 0:
        heads[H_FREE_CURSOR] = cursors[free - 1, K_AT]
        slots[slot, S_CURSOR] = free
    else:
        heads[H_CURSORS] += 1
        slots[slot, S_CURSOR] = heads[H_CURSORS]
    spoil(slots, cursors, slot)
    return True


@part
def spoil(slots, cursors, slot):
    """The rows of a key are no longer those that its cursor followed."""
    if slots[slot, S_CURSOR] > 0:
        cursors[slots[slot, S_CURSOR] - 1, K_ROWS] = -1

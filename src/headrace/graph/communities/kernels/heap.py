"""A binary heap of nodes by (key, node), least first, that knows where each node sits.

heap: int32, nodes; slot: int32 (nodes,), where each node sits, -1 outside; key: int64 (nodes,).
"""

import numba

_compile = numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)


@_compile
def _less(key, one, other):
    return key[one] < key[other] or (key[one] == key[other] and one < other)


@_compile
def rise(heap, slot, key, at):
    """Move the node at a place up to where it belongs."""
    node = heap[at]
    while at > 0:
        above = (at - 1) >> 1
        if not _less(key, node, heap[above]):
            break
        heap[at] = heap[above]
        slot[heap[at]] = at
        at = above
    heap[at] = node
    slot[node] = at


@_compile
def sink(heap, slot, key, size, at):
    """Move the node at a place down to where it belongs."""
    node = heap[at]
    while 2 * at + 1 < size:
        below = 2 * at + 1
        if below + 1 < size and _less(key, heap[below + 1], heap[below]):
            below += 1
        if not _less(key, heap[below], node):
            break
        heap[at] = heap[below]
        slot[heap[at]] = at
        at = below
    heap[at] = node
    slot[node] = at


@_compile
def push(heap, slot, key, size, node):
    """Add a node whose key is set; the new size."""
    heap[size] = node
    slot[node] = size
    rise(heap, slot, key, size)
    return size + 1


@_compile
def pop(heap, slot, key, size):
    """Take the least node, `heap[0]`, out; the new size."""
    slot[heap[0]] = -1
    size -= 1
    if size > 0:
        heap[0] = heap[size]
        sink(heap, slot, key, size, 0)
    return size

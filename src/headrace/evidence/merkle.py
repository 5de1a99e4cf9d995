"""Merkle trees of RFC 6962 §2.1 over SHA-256: root, inclusion, consistency.

Leaves and inner nodes are hashed with different first bytes, so that no inner node can be passed
off as a leaf. Every hash here is 32 bytes. The recursive definitions of the RFC, slow and obvious,
are in `tests/reference/merkle_reference.py`.
"""

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree that grows at its right edge and keeps the hash of every complete subtree.

    `_levels[h][i]` is the root of leaves `i * 2**h` to `(i + 1) * 2**h`, so an append computes
    one hash on average and log n at most, and a root or proof looks up all but the right edge.
    It holds two hashes a leaf.
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> int:
        """Add a leaf, given as its data; its index."""
        carried = leaf_hash(leaf)
        for level in self._levels:
            level.append(carried)
            if len(level) % 2:
                break
            carried = node_hash(level[-2], level[-1])
        else:
            self._levels.append([carried])
        return self.size - 1

    def leaf_hash(self, index: int) -> bytes:
        """The hash of the leaf at `index`."""
        return self._levels[0][index]

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves; None means all of them.

        Raises:
            ValueError: If the tree never had that size.
        """
        return self._subtree(0, self._known_size(size))

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """The audit path of RFC 6962 §2.1.1 for one of the first `size` leaves, leaf to root.

        Raises:
            ValueError: If there is no such leaf, or the tree never had that size.
        """
        end = self._known_size(size)
        if not 0 <= index < end:
            message = f"no leaf {index} in a tree of {end}"
            raise ValueError(message)
        proof = []
        begin = 0
        while end - begin > 1:
            middle = begin + _split(end - begin)
            if index < middle:
                proof.append(self._subtree(middle, end))
                end = middle
            else:
                proof.append(self._subtree(begin, middle))
                begin = middle
        return proof[::-1]

    def consistency_proof(self, old_size: int, size: int | None = None) -> list[bytes]:
        """The proof of RFC 6962 §2.1.2 that the first `old_size` leaves were only added to.

        Empty where `old_size` is zero or equal to `size`: there is nothing to show.

        Raises:
            ValueError: If the tree never had one of the sizes, or they are in the wrong order.
        """
        end = self._known_size(size)
        if not 0 <= old_size <= end:
            message = f"a tree of {end} leaves never had {old_size} before"
            raise ValueError(message)
        if old_size == 0:
            return []
        proof = []
        begin = 0
        while old_size != end:
            middle = begin + _split(end - begin)
            if old_size <= middle:
                proof.append(self._subtree(middle, end))
                end = middle
            else:
                proof.append(self._subtree(begin, middle))
                begin = middle
        if begin:  # from zero, the verifier already holds this subtree: it is the old root
            proof.append(self._subtree(begin, end))
        return proof[::-1]

    def _known_size(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            message = f"a tree of {self.size} leaves has no root for size {size}"
            raise ValueError(message)
        return size

    def _subtree(self, begin: int, end: int) -> bytes:
        """The root of leaves `begin` to `end`, where `begin` is a point the RFC splits at."""
        if begin == end:
            return EMPTY_ROOT
        edge = []
        while begin < end:  # complete subtrees, left to right, each smaller than the one before
            height = (end - begin).bit_length() - 1
            edge.append(self._levels[height][begin >> height])
            begin += 1 << height
        root = edge.pop()
        while edge:
            root = node_hash(edge.pop(), root)
        return root


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the leaf whose *hash* is given stands at `index` in the tree of `size` and `root`.

    Any input is allowed; what cannot be true is False.
    """
    if not 0 <= index < size or not _are_hashes([leaf, root, *proof]):
        return False
    sides = _left_sides(index, size - 1)
    if len(sides) != len(proof):
        return False
    current = leaf
    for sibling, is_left in zip(proof, sides, strict=True):
        current = node_hash(sibling, current) if is_left else node_hash(current, sibling)
    return current == root


def verify_consistency(
    old_size: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `size` and `root` only added leaves to that of `old_size`.

    The proof starts at the last complete subtree of the old tree and climbs to both roots at once:
    what is on its left belongs to both, what is on its right only to the new one. Any input is
    allowed; what cannot be true is False.
    """
    if not 0 <= old_size <= size or not _are_hashes([old_root, root, *proof]):
        return False
    if old_size == size:
        return not proof and old_root == root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    height = (old_size & -old_size).bit_length() - 1  # of that last complete subtree
    # An old tree that is complete is that subtree itself, and the proof leaves it out.
    path = [old_root, *proof] if old_size == 1 << height else list(proof)
    sides = _left_sides((old_size - 1) >> height, (size - 1) >> height)
    if len(sides) != len(path) - 1:
        return False
    old = new = path[0]
    for sibling, is_left in zip(path[1:], sides, strict=True):
        old = node_hash(sibling, old) if is_left else old
        new = node_hash(sibling, new) if is_left else node_hash(new, sibling)
    return old == old_root and new == root


def _left_sides(position: int, last: int) -> list[bool]:
    """For each sibling on the way from a node to the root: whether it stands on the left.

    `position` and `last`, of the rightmost node, count from 0 on the node's level. A rightmost node
    at an even position has no sibling and moves up as it is.
    """
    sides = []
    while last:
        if position % 2 or position < last:
            sides.append(position % 2 == 1)
        position, last = position >> 1, last >> 1
    return sides


def _split(count: int) -> int:
    """The largest power of two below `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)

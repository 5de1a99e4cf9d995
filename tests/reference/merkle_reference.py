"""RFC 6962 §2.1 as it is written there: recursive, over the whole list, nothing kept.

The verifiers are the same recursions read backwards: they consume the proof from its root end.
"""

import hashlib


def sha256(data):
    return hashlib.sha256(data).digest()


def split(count):
    """The largest power of two smaller than `count` (RFC: k < n <= 2k)."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def root(leaves):
    """MTH(D[n])."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0])
    k = split(len(leaves))
    return sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:]))


def inclusion_proof(index, leaves):
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*inclusion_proof(index, leaves[:k]), root(leaves[k:])]
    return [*inclusion_proof(index - k, leaves[k:]), root(leaves[:k])]


def consistency_proof(old_size, leaves):
    """PROOF(m, D[n]), for 0 < m <= n."""
    return _subproof(old_size, leaves, old_is_known=True)


def _subproof(old_size, leaves, *, old_is_known):
    """SUBPROOF(m, D[n], b)."""
    if old_size == len(leaves):
        return [] if old_is_known else [root(leaves)]
    k = split(len(leaves))
    if old_size <= k:
        head = _subproof(old_size, leaves[:k], old_is_known=old_is_known)
        return [*head, root(leaves[k:])]
    return [*_subproof(old_size - k, leaves[k:], old_is_known=False), root(leaves[:k])]


def root_of_inclusion(leaf_hash, index, size, proof):
    """The root that a proof leads to; None where it is too long or too short."""
    if size == 1:
        return leaf_hash if not proof else None
    if not proof:
        return None
    k = split(size)
    if index < k:
        left = root_of_inclusion(leaf_hash, index, k, proof[:-1])
        return left and sha256(b"\x01" + left + proof[-1])
    right = root_of_inclusion(leaf_hash, index - k, size - k, proof[:-1])
    return right and sha256(b"\x01" + proof[-1] + right)

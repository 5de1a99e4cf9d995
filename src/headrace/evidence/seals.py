"""Seals: one signed root after another over lines that come all the time, such as an audit's.

The first leaf of a seal's Merkle tree is the root of the seal before, so that each root stands for
all lines up to it. What a seal holds cannot be altered, left out or added to without its root, and
every root after it, becoming another one.
"""

from collections.abc import Sequence

from headrace.evidence.merkle import EMPTY_ROOT, Tree

FIRST = EMPTY_ROOT
"""What stands where there is no seal before."""


def seal_root(before: bytes, lines: Sequence[bytes]) -> bytes:
    """The root of a seal.

    Args:
        before: Root of the seal before; `FIRST` where there is none.
        lines: Those that this seal is over, in order.
    """
    tree = begun_seal(before)
    for line in lines:
        tree.append(line)
    return tree.root()


def begun_seal(before: bytes) -> Tree:
    """A seal over nothing yet: append its lines, then take the root.

    Args:
        before: As for `seal_root`.
    """
    return Tree([before])

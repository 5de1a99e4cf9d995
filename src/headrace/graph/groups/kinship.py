"""Close relatives by generations, from the family relations that somebody recorded.

Generations count from oneself: parents and children are the second generation in the line,
grandparents and grandchildren the third; brothers and sisters are the second to the side, uncles,
nephews and first cousins the third (so 商业银行集团客户授信业务风险管理指引, art. 3(3); it does
not explain its words, and this reading is ours). A spouse always counts; a spouse's own relatives
do not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.graph.groups.basis import Basis, Codes, Ints, Ragged, first_rows, matching, stacked
from headrace.graph.relations.kinds import Kind

SPOUSE, UP, DOWN, SIDE = 0, 1, 2, 3
CHILDREN_MAX = 50  # of one parent; beyond, its children are not taken for each other's siblings
_WORDS: dict[str, tuple[str, ...]] = {
    "spouse": ("spouse", "husband", "wife", "配偶", "丈夫", "妻子"),
    "parent": ("parent", "father", "mother", "父母", "父亲", "母亲"),
    "child": ("child", "son", "daughter", "子女", "儿子", "女儿"),
    "sibling": (
        *("sibling", "brother", "sister", "兄弟姐妹", "兄弟", "姐妹", "兄", "弟", "姐", "妹"),
        *("哥哥", "弟弟", "姐姐", "妹妹"),
    ),
    "grandparent": (
        *("grandparent", "grandfather", "grandmother", "祖父母", "外祖父母"),
        *("祖父", "祖母", "外祖父", "外祖母"),
    ),
    "grandchild": (
        *("grandchild", "grandson", "granddaughter", "孙子女", "外孙子女"),
        *("孙子", "孙女", "外孙", "外孙女"),
    ),
}


@dataclass(frozen=True)
class Kin:
    """Pairs of relatives, both ways round, each once for each relation, by person and relative.

    Attributes:
        person: Node.
        relative: Node.
        relation: What the relative is to the person: SPOUSE, UP (parent and beyond), DOWN or SIDE.
        proof: Edges of the snapshot that say so.
    """

    person: Codes
    relative: Codes
    relation: NDArray[np.int8]
    proof: Ragged

    def __len__(self) -> int:
        return len(self.person)

    def where(self, mask: NDArray[np.bool_]) -> "Kin":
        """Some of the pairs."""
        rows = np.flatnonzero(mask)
        return Kin(
            self.person[rows], self.relative[rows], self.relation[rows], self.proof.take(rows)
        )


@dataclass(frozen=True)
class _Links:
    """From one person to another with the edges between, not yet unique."""

    source: Codes
    target: Codes
    proof: Ragged

    def then(self, other: "_Links") -> "_Links":
        """This link and then the other, without returning to the start."""
        left, right = matching(self.target, other.source)
        apart = self.source[left] != other.target[right]
        left, right = left[apart], right[apart]
        proof = self.proof.take(left).beside(other.proof.take(right))
        return _Links(self.source[left], other.target[right], proof)

    def back(self) -> "_Links":
        return _Links(self.target, self.source, self.proof)

    def shortest(self) -> "_Links":
        """Each pair once, by the fewest edges, then the earliest."""
        start = np.append(self.proof.items, 0)[self.proof.offsets[:-1]]
        order = np.lexsort((start, self.proof.counts))
        rows = order[first_rows(self.source[order], self.target[order])]
        return _Links(self.source[rows], self.target[rows], self.proof.take(rows))


def close_relatives(basis: Basis, lineal: int, collateral: int) -> Kin:
    """Everybody's spouse, the line within `lineal` generations, the side within `collateral`.

    Args:
        basis: Only relations of kind FAMILY are read: subject is `role` of object.
        lineal: Generations in the line, 1 (nobody) and more.
        collateral: Generations to the side, 1 or 0 (nobody) and more.
    """
    parents = _joined([_said(basis, "child"), _said(basis, "parent").back()]).shortest()
    grand = _joined([_said(basis, "grandchild"), _said(basis, "grandparent").back()]).shortest()
    ups = _ups(parents, grand, lineal)
    spouse = _said(basis, "spouse")
    found = [(SPOUSE, _joined([spouse, spouse.back()]))]
    found += [(UP, each) for each in ups]
    found += [(DOWN, each.back()) for each in ups]
    if collateral > 1:
        found += [(SIDE, each) for each in _sides(basis, parents, grand, collateral)]
    return _unique(found)


def not_understood(basis: Basis) -> Ints:
    """Family relations whose role is none of the words known here: they count for nothing."""
    words = tuple(word for found in _WORDS.values() for word in found)
    return np.setdiff1d(basis.edges(Kind.FAMILY), basis.with_roles(Kind.FAMILY, words))


def _ups(parents: _Links, grand: _Links, generations: int) -> list[_Links]:
    """Links to the ancestors of each distance up to `generations` - 1."""
    ups: list[_Links] = []
    for steps in range(1, generations):
        if steps == 1:
            ups.append(parents)
        elif steps == 2:
            ups.append(_joined([parents.then(parents), grand]).shortest())
        else:
            ups.append(_joined([ups[-1].then(parents), ups[-2].then(grand)]).shortest())
    return ups


def _sides(basis: Basis, parents: _Links, grand: _Links, generations: int) -> list[_Links]:
    """Brothers and sisters, and those of ancestors with their line, within the generations."""
    said = _said(basis, "sibling")
    known = _credible(parents)
    siblings = _joined([said, said.back(), known.then(known.back())]).shortest()
    ups = _ups(parents, grand, generations - 1)
    sides = [siblings]
    for up in ups:
        above = up.then(siblings)
        sides += [above, above.back()]
        sides += [above.then(down.back()) for down in ups]
    return sides


def _credible(parents: _Links) -> _Links:
    """Without parents of more children than anybody has: their code stands for unknown ones."""
    children = np.bincount(parents.target, minlength=1)
    rows = np.flatnonzero(children[parents.target] <= CHILDREN_MAX)
    return _Links(parents.source[rows], parents.target[rows], parents.proof.take(rows))


def _said(basis: Basis, role: str) -> _Links:
    """Links subject → object of the edges in which subject is `role` of object."""
    edges = basis.with_roles(Kind.FAMILY, _WORDS[role])
    snapshot = basis.snapshot
    offsets = np.arange(len(edges) + 1, dtype=np.int64)
    return _Links(snapshot.subject[edges], snapshot.object[edges], Ragged(offsets, edges))


def _joined(parts: list[_Links]) -> _Links:
    return _Links(
        np.concatenate([part.source for part in parts]),
        np.concatenate([part.target for part in parts]),
        stacked([part.proof for part in parts]),
    )


def _unique(found: list[tuple[int, _Links]]) -> Kin:
    """Each pair once for each kind of relation, by the shortest proof."""
    links = _joined([each for _, each in found])
    sizes = [len(each.source) for _, each in found]
    relation = np.repeat(np.array([name for name, _ in found], np.int8), sizes)
    order: Ints = np.argsort(links.proof.counts, kind="stable")
    rows = order[first_rows(links.source[order], links.target[order], relation[order])]
    return Kin(links.source[rows], links.target[rows], relation[rows], links.proof.take(rows))

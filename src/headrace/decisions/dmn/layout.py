"""Where the elements of a requirement graph stand in its diagram (DMN 1.5, 6.2, 13).

In layers, as such diagrams are drawn: inputs at the bottom, each element above all it requires, and
within a layer in the order of what it requires, so that few lines cross.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

_Node = TypeVar("_Node")
GAP, ROW, MARGIN = 40, 160, 60


@dataclass(frozen=True)
class Box:
    """A shape's place, in pixels from the upper left corner."""

    x: int
    y: int
    width: int
    height: int

    @property
    def top(self) -> tuple[int, int]:
        """The middle of its upper side."""
        return self.x + self.width // 2, self.y

    @property
    def bottom(self) -> tuple[int, int]:
        """The middle of its lower side."""
        return self.x + self.width // 2, self.y + self.height


def boxes(
    needs: Mapping[_Node, Sequence[_Node]], sizes: Mapping[_Node, tuple[int, int]]
) -> dict[_Node, Box]:
    """A place for each element.

    Args:
        needs: What each element requires; every element is a key.
        sizes: Width and height of each.
    """
    layers = _layers(needs)
    columns = [max(sizes[node][0] for node in layer) + GAP for layer in layers]
    widest = max((len(each) * wide for each, wide in zip(layers, columns, strict=True)), default=0)
    middles: dict[_Node, int] = {}
    found: dict[_Node, Box] = {}
    for height, (layer, column) in enumerate(zip(layers, columns, strict=True)):
        wished = {node: _mean([middles[n] for n in needs[node] if n in middles]) for node in layer}
        ordered = sorted(layer, key=lambda node: wished[node])  # sorts stably: else of the file
        left = MARGIN + (widest - len(layer) * column) // 2
        for place, node in enumerate(ordered):
            middle = left + place * column + column // 2
            middles[node] = middle
            width, tall = sizes[node]
            line = MARGIN + (len(layers) - 1 - height) * ROW + ROW // 2
            found[node] = Box(middle - width // 2, line - tall // 2, width, tall)
    return found


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _layers(needs: Mapping[_Node, Sequence[_Node]]) -> list[list[_Node]]:
    """Elements by the longest way down to one that requires nothing; those in a circle on top."""
    height = dict.fromkeys(needs, 0)
    open_needs = {node: len(set(each)) for node, each in needs.items()}
    used_by: dict[_Node, list[_Node]] = {node: [] for node in needs}
    for node, each in needs.items():
        for need in set(each):
            used_by[need].append(node)
    ready = [node for node, count in open_needs.items() if not count]
    placed = 0
    while placed < len(ready):
        node = ready[placed]
        placed += 1
        for user in used_by[node]:
            height[user] = max(height[user], height[node] + 1)
            open_needs[user] -= 1
            if not open_needs[user]:
                ready.append(user)
    circle = max(height.values(), default=0) + 1
    layers: list[list[_Node]] = [[] for _ in range(circle + 1)]
    for node in needs:
        layers[circle if open_needs[node] else height[node]].append(node)
    return [layer for layer in layers if layer]

"""YAML read as text with places: nothing is constructed; anchors, aliases and tags are refused."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from headrace.errors import MappingError

TEXT_MAX = 4_000_000  # characters
DEPTH_MAX = 6


class _Composer(yaml.SafeLoader):
    """Nodes with places, and no depth without end."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs do not type it
        mark = event.start_mark
        if getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem="no anchors, aliases or tags", problem_mark=mark)
        if self.depth > DEPTH_MAX:
            raise yaml.MarkedYAMLError(problem="it is nested too deep", problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


@dataclass(frozen=True)
class YamlFile:
    """One file's nodes, and errors that name their lines."""

    name: str

    def root(self, text: str) -> yaml.Node:
        """The node of the whole text.

        Raises:
            MappingError: It is no YAML, too long, too deep, empty, or uses anchors or tags.
        """
        if len(text) > TEXT_MAX:
            problem = f"The file has {len(text):,} characters"
            raise MappingError(problem, where=self.name, remedy=f"At most {TEXT_MAX:,} are read")
        try:
            root = _Composer(text).get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise MappingError(
                f"The YAML cannot be read: {error.problem}",
                where=f"{self.name}, line {mark.line + 1}" if mark else self.name,
                remedy='A text that holds ": " or " #", or begins with a sign, stands in quotes',
            ) from error
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, int(error.position)) + 1
            problem = "This character is not let into YAML"
            raise MappingError(problem, where=f"{self.name}, line {line}") from error
        if root is None:
            raise MappingError(
                "The file is empty", where=self.name, remedy="Begin with `table:` or `policy:`"
            )
        return root

    def entries(
        self, node: yaml.Node, keys: Collection[str] | None, what: str
    ) -> Mapping[str, yaml.Node]:
        """The entries of a mapping, each key once and one of `keys`; None lets any key in."""
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, f"The {what} is no mapping", "Write `key: value`, one a line")
        found: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = self.text(key_node)
            if keys is not None and key not in keys:
                near = difflib.get_close_matches(key, keys, 1)
                remedy = f"Did you mean {near[0]}?" if near else f"There are {', '.join(keys)}"
                self.fail(key_node, f"The {what} has no '{key}'", remedy)
            if key in found:
                self.fail(key_node, f"'{key}' is there twice", "Keep one")
            found[key] = value
        return found

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """The items of a list."""
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, f"The {what} are no list", "Write `- item`, one a line")
        return list(node.value)

    def text(self, node: yaml.Node) -> str:
        """A scalar as it is written."""
        if not isinstance(node, yaml.ScalarNode):
            self.fail(node, "A text was expected here", "Write one value")
        return str(node.value)

    def where(self, node: yaml.Node) -> str:
        """The place of a node."""
        return f"{self.name}, line {node.start_mark.line + 1}"

    def fail(self, node: yaml.Node, problem: str, remedy: str) -> NoReturn:
        """Refuse what a node says.

        Raises:
            MappingError: Always.
        """
        raise MappingError(problem, where=self.where(node), remedy=remedy)

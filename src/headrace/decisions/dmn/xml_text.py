"""XML text of elements: indented, each attribute and text escaped, equal elements as equal text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from headrace.errors import MappingError

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Tag:
    """An element to be written.

    Attributes:
        name: With its prefix.
        attributes: In order; those that are empty are left out.
        children: In order.
        text: Its own text, where it has no children.
    """

    name: str
    attributes: Mapping[str, str]
    children: tuple["Tag", ...] = ()
    text: str = ""


def tag(name: str, attributes: Mapping[str, str] | None = None, *children: Tag | None) -> Tag:
    """An element of those children that are there."""
    return Tag(name, attributes or {}, tuple(each for each in children if each is not None))


def text_tag(name: str, text: str, attributes: Mapping[str, str] | None = None) -> Tag:
    """An element that holds a text."""
    return Tag(name, attributes or {}, (), text)


def document(root: Tag) -> bytes:
    """The UTF-8 text of a document.

    Raises:
        MappingError: A text holds a character that XML cannot.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *_lines(root, 0), ""]
    text = "\n".join(lines)
    if found := _NO_XML.search(text):
        around = text[max(found.start() - 40, 0) : found.start()]
        problem = f"After '{around}' stands a character that XML cannot hold"
        raise MappingError(problem, remedy=f"Delete the character U+{ord(found[0]):04X}")
    return text.encode()


def _lines(element: Tag, depth: int) -> Iterator[str]:
    attributes = "".join(
        f" {name}={quoteattr(value)}" for name, value in element.attributes.items() if value
    )
    start = f"{'  ' * depth}<{element.name}{attributes}"
    if element.children:
        yield f"{start}>"
        for child in element.children:
            yield from _lines(child, depth + 1)
        yield f"{'  ' * depth}</{element.name}>"
    elif element.text:
        yield f"{start}>{escape(element.text, {chr(13): '&#13;'})}</{element.name}>"
    else:
        yield f"{start} />"

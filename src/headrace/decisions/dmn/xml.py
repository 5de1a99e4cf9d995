"""XML read without its dangers: no document types, so no entities; bounded size, depth and count.

Straight on expat, whose handlers refuse a DOCTYPE before anything in it takes effect: a "billion
laughs" or an external entity needs one. What comes out is a tree of frozen elements that know their
line, so that an error about a model can say where it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from headrace.errors import MappingError

MOST_BYTES = 8 * 2**20
MOST_ELEMENTS = 200_000
DEEPEST = 100
LONGEST_NAME = 200


@dataclass(frozen=True)
class Element:
    """One XML element.

    Attributes:
        namespace: Its namespace address; empty where it has none.
        tag: Its local name.
        attributes: Without a namespace by their name, others as `address name`.
        children: In order of the document.
        text: Its own character data, joined.
        line: Where its tag opens, from 1.
    """

    namespace: str
    tag: str
    attributes: Mapping[str, str]
    children: tuple["Element", ...]
    text: str
    line: int

    def all(self, *tags: str) -> Iterator["Element"]:
        """Children of these names in the element's own namespace, in order."""
        for child in self.children:
            if child.namespace == self.namespace and child.tag in tags:
                yield child

    def one(self, *tags: str) -> "Element | None":
        """The first such child, or None."""
        return next(self.all(*tags), None)

    def get(self, name: str, default: str = "") -> str:
        """An attribute, without blanks around it."""
        return self.attributes.get(name, default).strip()

    def name(self, attribute: str = "name") -> str:
        """An attribute as a FEEL name: runs of white space are one blank (10.3.1.2).

        Raises:
            MappingError: It is longer than a name may be.
        """
        words = " ".join(self.attributes.get(attribute, "").split())
        if len(words) > LONGEST_NAME:
            problem = f"The name '{words[:40]}...' has {len(words):,} characters"
            remedy = f"A name has at most {LONGEST_NAME}"
            raise MappingError(problem, where=f"line {self.line}, <{self.tag}>", remedy=remedy)
        return words


def read_xml(content: str | bytes, file: str) -> Element:
    """The root of a document.

    Args:
        content: The text; bytes are decoded as the document declares, UTF-8 where it does not.
        file: Its name, for errors.

    Raises:
        MappingError: If it is not well-formed, has a DOCTYPE, or is larger, deeper or longer than
            any model needs to be.
    """
    try:
        data = content.encode() if isinstance(content, str) else content
    except UnicodeEncodeError as error:
        raise MappingError("The text is not valid Unicode", where=file) from error
    if len(data) > MOST_BYTES:
        problem = f"The document has {len(data):,} bytes"
        raise MappingError(problem, where=file, remedy=f"A model has at most {MOST_BYTES:,}")
    builder = _Builder(file, "utf-8" if isinstance(content, str) else None)
    try:
        builder.parser.Parse(data, True)  # noqa: FBT003 - expat takes it by position
    except expat.ExpatError as error:
        problem = f"The document is not well-formed XML: {expat.ErrorString(error.code)}"
        raise MappingError(problem, where=f"{file}, line {error.lineno}") from error
    except (LookupError, UnicodeError, ValueError) as error:
        raise MappingError("The document's encoding is not known", where=file) from error
    return builder.root()


@dataclass
class _Open:
    """An element whose end has not come yet."""

    namespace: str
    tag: str
    attributes: dict[str, str]
    line: int
    children: list[Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def closed(self) -> Element:
        text = "".join(self.text)
        children = tuple(self.children)
        return Element(self.namespace, self.tag, self.attributes, children, text, self.line)


class _Builder:
    """Takes expat's events and keeps the elements that are open."""

    def __init__(self, file: str, encoding: str | None) -> None:
        self._file = file
        self._count = 0
        self._open: list[_Open] = [_Open("", "", {}, 0)]
        self.parser = expat.ParserCreate(encoding, " ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype

    def root(self) -> Element:
        return self._open[0].children[0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS:
            self._refuse(f"The document has more than {MOST_ELEMENTS:,} elements", "Split it")
        if len(self._open) > DEEPEST:
            self._refuse(f"Elements are nested more than {DEEPEST} deep", "Use named decisions")
        namespace, _, tag = name.rpartition(" ")
        line = self.parser.CurrentLineNumber
        self._open.append(_Open(namespace, tag, attributes, line))

    def _end(self, _name: str) -> None:
        element = self._open.pop().closed()
        self._open[-1].children.append(element)

    def _characters(self, text: str) -> None:
        self._open[-1].text.append(text)

    def _doctype(self, *_declared: object) -> None:
        self._refuse("The document declares a document type", "Remove <!DOCTYPE ...>")

    def _refuse(self, problem: str, remedy: str) -> NoReturn:
        where = f"{self._file}, line {self.parser.CurrentLineNumber}"
        raise MappingError(problem, where=where, remedy=remedy)

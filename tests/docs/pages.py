"""The pages of the documentation as tests see them: blocks, links, and what a console printed."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
ELLIPSIS = "…"

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:[.,:-]\d+)*")
DIGEST = re.compile(r"\b[0-9a-f]{16,64}\b")


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: As the fence says.
        text: What is inside.
        line: Of the page, from 1, on which the text begins.
    """

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """One command of a console block.

    Attributes:
        text: Without the prompt, on one line.
        status: The exit status that the page states, 0 where it states none.
        shown: What the page shows of its output, in parts between which lines were left out.
    """

    text: str
    status: int
    shown: tuple[str, ...]


def name(page: Path) -> str:
    """A page's name for people and for pytest."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], text.count("\n", 0, found.start()) + 2)
        for found in FENCE.finditer(text)
    ]


def commands(block: Block) -> list[Command]:
    """The commands of a console block: `$ command`, maybe `# exit status N`, then its output."""
    parts = re.split(r"^\$ ", block.text.replace("\\\n", ""), flags=re.MULTILINE)
    assert not parts[0].strip(), f"line {block.line}: a console block begins with a prompt"
    found = []
    for part in parts[1:]:
        text, _, output = part.partition("\n")
        stated = re.match(r"# exit status (\d+)\n", output)
        output = output[stated.end() :] if stated else output
        shown = re.split(rf"^ *{ELLIPSIS}$", output, flags=re.MULTILINE)
        kept = tuple(folded(each) for each in shown if each.strip())
        found.append(Command(" ".join(text.split()), int(stated[1]) if stated else 0, kept))
    return found


def folded(text: str) -> str:
    """Output without what may differ between machines: figures, digests, layout."""
    return " ".join(NUMBER.sub("0", DIGEST.sub("digest", text)).split())


def missing_output(shown: tuple[str, ...], output: str) -> str | None:
    """The first part that a page shows and the command did not print there; None: all was."""
    text, at = folded(output), 0
    for part in shown:
        found = text.find(part, at)
        if found < 0:
            return part
        at = found + len(part)
    return None


def links(page: Path) -> list[tuple[bool, str, str]]:
    """Links within the project: whether a picture, path, anchor."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    found = [(bool(mark), *target.partition("#")[::2]) for mark, target in LINK.findall(text)]
    return [each for each in found if not each[1].startswith(("http:", "https:", "mailto:"))]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as Python-Markdown makes them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\s-]", "", each, flags=re.ASCII) for each in HEADING.findall(text))
    return {re.sub(r"[\s-]+", "-", each.strip().lower()) for each in plain}

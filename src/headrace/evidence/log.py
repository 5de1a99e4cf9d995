"""The log of a run: one entry a step, each chained to the one before, all in one Merkle tree.

`log.jsonl` holds one entry a line. A leaf of the tree is exactly the bytes of a line without its
newline, so there is nothing in the file that the root does not cover.

The root finds that something changed; the chain finds where. Only digests, versions and counts go
in, never personal data (see `commitment`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from headrace.errors import EvidenceError
from headrace.evidence.canonical import (
    canonical_json,
    is_hex,
    join_lines,
    parse_canonical,
    parse_object,
    split_lines,
)
from headrace.evidence.merkle import HASH_BYTES, Tree
from headrace.evidence.problem import Problem, printable

NO_PREVIOUS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """What one step of a run took, used and made.

    Attributes:
        index: Its place in the log, from 0.
        step: The name of the step, for example `features`.
        inputs: Name of what was read -> SHA-256 in lower-case hexadecimal.
        definitions: Name of code, policy or settings used -> SHA-256 or a version.
        outputs: Name of a file that was written -> SHA-256.
        previous: The leaf hash of the entry before; 64 zeros for the first.
        facts: A few small counts, for people.
    """

    index: int
    step: str
    inputs: Mapping[str, str]
    definitions: Mapping[str, str]
    outputs: Mapping[str, str]
    previous: str
    facts: Mapping[str, str | int] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The line of the log, without its newline."""
        return canonical_json(asdict(self))


_FIELDS = {each.name for each in fields(Entry)}


class Log:
    """A log being written. It keeps lines and tree; whoever holds it writes the file."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._tree = Tree()

    @property
    def size(self) -> int:
        """How many entries there are."""
        return len(self._lines)

    @property
    def root(self) -> bytes:
        """The Merkle root of all entries, 32 bytes."""
        return self._tree.root()

    @property
    def lines(self) -> tuple[bytes, ...]:
        """The entries as they are hashed."""
        return tuple(self._lines)

    def append(
        self,
        step: str,
        *,
        inputs: Mapping[str, str],
        definitions: Mapping[str, str],
        outputs: Mapping[str, str],
        facts: Mapping[str, str | int],
    ) -> int:
        """Add the next entry; its leaf index.

        Raises:
            EvidenceError: If a field is not what `Entry` says.
        """
        previous = self._tree.leaf_hash(self.size - 1).hex() if self._lines else NO_PREVIOUS
        entry = Entry(
            self.size, step, dict(inputs), dict(definitions), dict(outputs), previous, dict(facts)
        )
        where = f"log entry {entry.index}"
        if fault := _fault(entry):
            raise EvidenceError(fault, where=where)
        try:
            line = entry.to_bytes()
        except ValueError as error:  # a lone surrogate in a text
            raise EvidenceError("a text is not valid Unicode", where=where) from error
        self._lines.append(line)
        return self._tree.append(line)

    def to_bytes(self) -> bytes:
        """The file `log.jsonl`."""
        return join_lines(self._lines)


@dataclass(frozen=True)
class Reading:
    """A log that was read back, as far as it can be.

    Attributes:
        name: The name of the file.
        lines: Every line as it stands, without its newline.
        entries: The entry of each line; None where the line holds none.
        tree: The Merkle tree over the lines as they stand.
        problems: What is wrong inside the log, before it is compared with anything signed.
    """

    name: str
    lines: tuple[bytes, ...]
    entries: tuple[Entry | None, ...]
    tree: Tree
    problems: tuple[Problem, ...]

    def place(self, position: int) -> str:
        """How to find the entry at a position: line, index, and step where it is readable."""
        entry = self.entries[position]
        return _place(self.name, position, entry.step if entry else None)


def read_log(data: bytes, name: str) -> Reading:
    """Read a log strictly: any deviation from the canonical form or the chain is a problem.

    Args:
        data: The bytes of the file; anything at all.
        name: What to call the file in problems.
    """
    lines, is_complete = split_lines(data)
    results = [_read_entry(line, name, position) for position, line in enumerate(lines)]
    problems = [result for result in results if isinstance(result, Problem)]
    if not is_complete:
        last = f"{name} line {len(lines)}"
        problems.append(
            Problem(last, "does not end with a newline", "the file was cut or added to")
        )
    entries = tuple(None if isinstance(result, Problem) else result for result in results)
    tree = Tree(lines)
    reading = Reading(name, tuple(lines), entries, tree, ())
    chain = _chain_problems(reading)
    return Reading(name, reading.lines, entries, tree, (*problems, *chain))


def parse_entry(line: bytes) -> Entry | str:
    """The entry of one line of a log; where the line holds none, what is wrong with it."""
    document = parse_canonical(line)
    if document is None:
        return "is not canonical JSON"
    if document.keys() != _FIELDS:
        return "has not the fields of an entry"
    entry = Entry(**document)
    return _fault(entry) or entry


def _read_entry(line: bytes, name: str, position: int) -> Entry | Problem:
    result = parse_entry(line)
    if isinstance(result, Entry):
        return result
    step = (parse_object(line) or {}).get("step")
    return Problem(
        _place(name, position, step if isinstance(step, str) else None),
        f"{result}: the line was altered",
    )


def _chain_problems(reading: Reading) -> list[Problem]:
    """Where indices do not follow each other, or a line is not the one its successor names."""
    problems = []
    expected = 0
    for position, entry in enumerate(reading.entries):
        if entry is None:  # reported as unreadable
            expected += 1
            continue
        is_next = entry.index == expected
        if not is_next:
            what = f"is numbered {entry.index}, where entry {expected} belongs"
            remedy = "entries were removed, added or reordered before this line"
            problems.append(Problem(reading.place(position), what, remedy))
        elif problem := _link_problem(reading, position, entry):
            problems.append(problem)
        expected = entry.index + 1
    return problems


def _link_problem(reading: Reading, position: int, entry: Entry) -> Problem | None:
    if position == 0:
        if entry.previous == NO_PREVIOUS:
            return None
        return Problem(reading.place(0), "is the first entry and names one before it")
    before = position - 1
    is_linked = entry.previous == reading.tree.leaf_hash(before).hex()
    if is_linked or reading.entries[before] is None:  # the latter is reported already
        return None
    return Problem(
        reading.place(before),
        f"is not the entry that entry {position} ({printable(entry.step)}) was chained to",
        f"one of the two was altered: this entry, or the link in line {position + 1}",
    )


def _place(name: str, position: int, step: str | None) -> str:
    shown = f", {printable(step)}" if step else ""
    return f"{name} line {position + 1} (entry {position}{shown})"


def _fault(entry: Entry) -> str:
    """What is wrong with the values of an entry, whose types nobody has checked yet."""
    is_numbered = type(entry.index) is int and entry.index >= 0
    is_named = isinstance(entry.step, str) and entry.step != ""
    if not (is_numbered and is_named and is_hex(entry.previous, byte_count=HASH_BYTES)):
        return "index, step and previous do not say which entry it is"
    tables = (entry.inputs, entry.definitions, entry.outputs, entry.facts)
    if not all(isinstance(table, dict) for table in tables):
        return "inputs, definitions, outputs and facts are not all tables"
    digests = [*entry.inputs.values(), *entry.outputs.values()]
    if not all(is_hex(digest, byte_count=HASH_BYTES) for digest in digests):
        return "inputs and outputs are not all SHA-256 in lower-case hexadecimal"
    if not all(isinstance(value, str) and value for value in entry.definitions.values()):
        return "definitions are not all digests or versions"
    if not all(type(value) in {str, int} for value in entry.facts.values()):
        return "facts are not all texts or whole numbers"
    return ""

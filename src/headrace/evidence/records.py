"""Two files with one line a decision: the records, and the salts they were committed with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.evidence.canonical import canonical_json, is_hex, parse_canonical, split_lines
from headrace.evidence.commitment import COMMITMENT, SALT_BYTES, commit
from headrace.evidence.log import Entry
from headrace.evidence.problem import RESTORE, Problem, printable

SALTS = "evidence/salts.jsonl"
RECORDS = "records/decisions.jsonl"


@dataclass(frozen=True)
class Salt:
    """What the holder of a decision's record needs to show that the log committed to it.

    Attributes:
        decision_id: The decision.
        entry: Index of the log entry that commits to it.
        salt: The 32 bytes it was committed with.
    """

    decision_id: str
    entry: int
    salt: bytes

    def to_bytes(self) -> bytes:
        """The line of `evidence/salts.jsonl`, without its newline."""
        document = {"decision_id": self.decision_id, "entry": self.entry, "salt": self.salt.hex()}
        return canonical_json(document)


def read_records(data: bytes) -> tuple[dict[str, bytes], list[Problem]]:
    """The records by decision, in the order of the file, and the lines that are none."""
    lines, problems = _read_lines(data, RECORDS)
    return {decision_id: line for decision_id, (line, _) in lines.items()}, problems


def read_salts(data: bytes) -> tuple[dict[str, Salt], list[Problem]]:
    """The salts by decision, in the order of the file, and the lines that are none."""
    lines, problems = _read_lines(data, SALTS)
    salts = {}
    for decision_id, (line, document) in lines.items():
        entry, text = document.get("entry", 0), document.get("salt", "")
        is_sound = type(entry) is int and is_hex(text, byte_count=SALT_BYTES)
        salt = Salt(decision_id, entry, bytes.fromhex(text)) if is_sound else None
        if salt and salt.to_bytes() == line:
            salts[decision_id] = salt
        else:
            problems.append(Problem(_about(SALTS, decision_id), "is not an entry and a salt"))
    return salts, problems


def commitment_problem(salt: Salt, record: bytes | None, entry: Entry | None) -> Problem | None:
    """Whether record and salt are what the entry commits to.

    Args:
        salt: The salt of a decision.
        record: Its record; None where it is missing, which `pairing_problems` reports.
        entry: The commitment at the salt's entry; None where there is none, or another claimed it.
    """
    if entry is None:
        where = _about(SALTS, salt.decision_id)
        return Problem(where, f"entry {salt.entry} of the log is not its commitment", RESTORE)
    if record is None or commit(record, salt.salt) == entry.facts[COMMITMENT]:
        return None
    return Problem(
        _about(RECORDS, salt.decision_id),
        f"is not what entry {salt.entry} of the log commits to",
        f"the record, or its salt in {SALTS}, was altered",
    )


def pairing_problems(records: Mapping[str, bytes], salts: Mapping[str, Salt]) -> list[Problem]:
    """Where records and salts are not the same decisions in the order of the log."""
    problems = [
        Problem(_about(RECORDS, decision_id), "is missing: the run decided it")
        for decision_id in salts.keys() - records.keys()
    ]
    problems += [
        Problem(_about(RECORDS, decision_id), f"has no line in {SALTS}: one of the two was altered")
        for decision_id in records.keys() - salts.keys()
    ]
    places = [salt.entry for salt in salts.values()]
    if places != sorted(places):
        problems.append(Problem(SALTS, "is not in the order of the log", RESTORE))
    if not problems and list(records) != list(salts):
        problems.append(Problem(RECORDS, "is not in the order of the log", RESTORE))
    return sorted(problems, key=str)


def _read_lines(
    data: bytes, name: str
) -> tuple[dict[str, tuple[bytes, dict[str, Any]]], list[Problem]]:
    """Lines and their objects by `decision_id`."""
    lines, is_complete = split_lines(data)
    found: dict[str, tuple[bytes, dict[str, Any]]] = {}
    problems = []
    for number, line in enumerate(lines, start=1):
        document = parse_canonical(line) or {}
        decision_id = document.get("decision_id")
        if not isinstance(decision_id, str):
            problems.append(Problem(f"{name} line {number}", "is not about a decision", RESTORE))
        elif decision_id in found:
            problems.append(Problem(_about(name, decision_id), f"occurs again in line {number}"))
        else:
            found[decision_id] = (line, document)
    if not is_complete:
        problems.append(Problem(name, "does not end with a newline", "it was cut or added to"))
    return found, problems


def _about(name: str, decision_id: str) -> str:
    return f"{name} decision {printable(decision_id)}"

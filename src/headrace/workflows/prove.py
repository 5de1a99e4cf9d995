"""Record the evidence of a run, verify it, and prove one decision.

A recorded folder holds, beside the files of the run:

    evidence/log.jsonl       one chained entry a step, one commitment a decision
    evidence/checkpoint      the signed size and Merkle root of the log
    evidence/key.pub         the key it was signed with
    evidence/salts.jsonl     decision, log entry, salt: private to whoever holds the folder
    records/decisions.jsonl  the decisions themselves, one canonical JSON line each
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headrace.errors import EvidenceError, HeadraceError
from headrace.evidence.canonical import join_lines, parse_canonical
from headrace.evidence.checkpoint import (
    Checkpoint,
    PublicKey,
    key_fingerprint,
    open_checkpoint,
    public_key_of,
    read_public_key,
    sign_checkpoint,
)
from headrace.evidence.commitment import COMMITMENT, DECISION_STEP, commit, is_commitment, salt_for
from headrace.evidence.log import Entry, Log, Reading, read_log
from headrace.evidence.merkle import verify_inclusion
from headrace.evidence.problem import RESTORE, Problem, printable
from headrace.evidence.receipt import Receipt, check_receipt
from headrace.evidence.records import (
    RECORDS,
    SALTS,
    Salt,
    commitment_problem,
    pairing_problems,
    read_records,
    read_salts,
)
from headrace.workflows.ports import Folder

__all__ = [
    "Problem",
    "Receipt",
    "Recorder",
    "Verification",
    "check_receipt",
    "prove_decision",
    "verify",
]

LOG = "evidence/log.jsonl"
CHECKPOINT = "evidence/checkpoint"
KEY = "evidence/key.pub"
_OWN_FILES = frozenset({LOG, CHECKPOINT, KEY, SALTS, RECORDS})


class Recorder:
    """Collects the evidence of a run and writes it into the folder of the run.

    Nothing depends on time or chance: equal files, definitions, secret and key give equal bytes.
    """

    def __init__(self, folder: Folder, origin: str, secret: bytes) -> None:
        """Start an empty log.

        Args:
            folder: Where the run writes its files.
            origin: The name of the log, printable ASCII without spaces and plus signs.
            secret: At least 16 random bytes that the salts are derived from.
        """
        self._folder = folder
        self._origin = origin
        self._secret = secret
        self._log = Log()
        self._digests: dict[str, str] = {}
        self._records: dict[str, bytes] = {}
        self._salts: list[Salt] = []

    @property
    def size(self) -> int:
        """Entries recorded so far."""
        return self._log.size

    def record(
        self,
        step: str,
        *,
        inputs: Mapping[str, str],
        definitions: Mapping[str, str],
        outputs: Sequence[str],
        facts: Mapping[str, str | int],
    ) -> int:
        """Append the entry of one step; its index in the log.

        Args:
            step: Any name but `decision`.
            inputs: Name -> SHA-256 of what the step read; for the first step, of the user's files.
            definitions: Name -> SHA-256 or version of code, policies and settings.
            outputs: Names of files that the step wrote, all final; they are digested here.
            facts: A few counts. No personal data: the log is not secret.

        Raises:
            EvidenceError: If an argument cannot be recorded.
            InputError: If an output is not in the folder.
        """
        if step == DECISION_STEP:
            raise EvidenceError("decisions are recorded with record_decisions", where=step)
        digests = {name: self._folder.digest(name) for name in outputs}
        for name, digest in digests.items():
            if name in _OWN_FILES or self._digests.get(name, digest) != digest:
                raise EvidenceError(
                    "this file is not final",
                    where=name,
                    remedy="record a file once it does not change any more, and no evidence file",
                )
        index = self._log.append(
            step, inputs=inputs, definitions=definitions, outputs=digests, facts=facts
        )
        self._digests |= digests
        return index

    def record_decisions(self, records: Sequence[tuple[str, bytes]]) -> None:
        """Append one commitment for each decision, and write the records and their salts.

        Args:
            records: Decision id and record: a line of canonical JSON (`canonical_json`) without
                newline that holds the id as `decision_id`.

        Raises:
            EvidenceError: If a record is not of that form or an id occurs twice.
        """
        for decision_id, record in records:
            self._record_decision(decision_id, record)
        if self._records:
            self._folder.write(RECORDS, join_lines(list(self._records.values())))
            self._folder.write(SALTS, join_lines([salt.to_bytes() for salt in self._salts]))

    def finish(self, private_key: bytes) -> Checkpoint:
        """Write the log, the public key and, last, the checkpoint signed with this key."""
        text = sign_checkpoint(self._origin, self._log.size, self._log.root, private_key)
        public = public_key_of(private_key)
        self._folder.write(LOG, self._log.to_bytes())
        self._folder.write(KEY, PublicKey(self._origin, public).to_text().encode())
        self._folder.write(CHECKPOINT, text.encode())
        return open_checkpoint(text, public)

    def _record_decision(self, decision_id: str, record: bytes) -> None:
        document = parse_canonical(record)
        if document is None or document.get("decision_id") != decision_id:
            raise EvidenceError(
                "the record is not canonical JSON with this decision_id",
                where=f"decision {printable(decision_id)}",
                remedy="write it with headrace.evidence.canonical.canonical_json",
            )
        if decision_id in self._records:
            raise EvidenceError("the decision occurs twice", where=printable(decision_id))
        salt = salt_for(self._secret, f"decision {decision_id}")
        facts = {COMMITMENT: commit(record, salt)}
        index = self._log.append(DECISION_STEP, inputs={}, definitions={}, outputs={}, facts=facts)
        self._records[decision_id] = record
        self._salts.append(Salt(decision_id, index, salt))


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes:
        problems: Everything that does not hold; empty where the folder is proved.
        entries: Lines in the log.
        root: Merkle root of the log as it stands, hexadecimal; empty where there is no log.
        decisions_proved: Decisions whose record was led to the signed root.
        signed_by: Fingerprint of the key whose signature holds; None where none does.
        files_checked: Files of the folder that were compared with the evidence.
    """

    problems: tuple[Problem, ...]
    entries: int
    root: str
    decisions_proved: int
    signed_by: str | None
    files_checked: int

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(
    folder: Folder, *, data: Folder | None = None, trusted_key: bytes | None = None
) -> Verification:
    """Check every byte of a recorded folder; damage of any kind is a problem, not an error.

    Whoever can write to the folder can also replace `key.pub` and sign everything anew. Without
    `trusted_key` the result therefore says only that the folder agrees with itself and with the
    key of `signed_by`: compare that fingerprint with one that came another way. `trusted_key` does
    it here. Even so, a whole older run signed with the same key would pass; who wants to exclude
    that keeps the root of the run somewhere else and compares it.

    Args:
        folder: What the run wrote.
        data: The user's own files; checked against the inputs of the first entry where given.
        trusted_key: The 32 bytes of the public key that must have signed.

    Raises:
        InputError: If a folder as a whole cannot be listed.
    """
    names = set(folder.names())
    key, key_problems = _read_key(folder, trusted_key)
    own = key.public if key else None
    public = own if trusted_key is None else trusted_key
    checkpoint, checkpoint_problems = _read_checkpoint(folder, key, public)
    log_data = _read(folder, LOG)
    if isinstance(log_data, Problem):
        problems = (*key_problems, *checkpoint_problems, log_data)
        return Verification(problems, 0, "", 0, _signer(checkpoint, public), 0)
    reading = read_log(log_data, LOG)
    covered, file_problems = _check_files(folder, names, reading)
    proved, decision_problems = _check_decisions(folder, reading, checkpoint)
    problems = (
        *key_problems,
        *checkpoint_problems,
        *reading.problems,
        *_root_problems(reading, checkpoint),
        *file_problems,
        *decision_problems,
        *(_check_data(data, reading) if data is not None else ()),
    )
    return Verification(
        problems=problems,
        entries=len(reading.lines),
        root=reading.tree.root().hex(),
        decisions_proved=proved,
        signed_by=_signer(checkpoint, public),
        files_checked=len(names & (covered | _OWN_FILES)),
    )


def prove_decision(folder: Folder, decision_id: str) -> Receipt:
    """All that proves one decision, to be given to whom it concerns.

    Raises:
        EvidenceError: If the folder holds no such decision, or cannot prove it any more.
    """
    records, _ = read_records(_required(folder, RECORDS))
    salts, _ = read_salts(_required(folder, SALTS))
    if decision_id not in records or decision_id not in salts:
        raise EvidenceError(
            "no decision of this id is recorded here",
            where=printable(decision_id),
            remedy=f"the ids are in {RECORDS}",
        )
    key = read_public_key(_text(_required(folder, KEY)))
    text = _text(_required(folder, CHECKPOINT))
    size = open_checkpoint(text, key.public).size
    reading = read_log(_required(folder, LOG), LOG)
    salt = salts[decision_id]
    if not 0 <= salt.entry < size <= len(reading.lines):
        raise EvidenceError("the log does not reach this decision and its checkpoint", where=LOG)
    proof = reading.tree.inclusion_proof(salt.entry, size)
    receipt = Receipt(
        decision_id=decision_id,
        record=records[decision_id].decode(),
        salt=salt.salt.hex(),
        entry=_text(reading.lines[salt.entry]),
        index=salt.entry,
        proof=tuple(each.hex() for each in proof),
        checkpoint=text,
    )
    if problem := check_receipt(receipt, key.public):
        raise EvidenceError(
            problem.what, where=problem.where, remedy="run headrace verify to see what was altered"
        )
    return receipt


def _read_key(
    folder: Folder, trusted_key: bytes | None
) -> tuple[PublicKey | None, tuple[Problem, ...]]:
    data = _read(folder, KEY)
    if isinstance(data, Problem):
        return None, (data,)
    try:
        key = read_public_key(_text(data))
    except EvidenceError as error:
        return None, (Problem(KEY, error.problem, RESTORE),)
    if trusted_key is None or key.public == trusted_key:
        return key, ()
    what = (
        f"is the key {key_fingerprint(key.public)},"
        f" and the trusted one is {key_fingerprint(trusted_key)}"
    )
    return key, (Problem(KEY, what, "somebody else may have written and signed this folder"),)


def _read_checkpoint(
    folder: Folder, key: PublicKey | None, public: bytes | None
) -> tuple[Checkpoint | None, tuple[Problem, ...]]:
    """The checkpoint, where its signature holds for the key that counts."""
    data = _read(folder, CHECKPOINT)
    if isinstance(data, Problem):
        return None, (data,)
    if public is None:
        return None, (Problem(CHECKPOINT, f"cannot be checked: {KEY} is not usable"),)
    try:
        checkpoint = open_checkpoint(_text(data), public)
    except EvidenceError as error:
        remedy = f"this file and {KEY} must be the two that the run wrote"
        return None, (Problem(CHECKPOINT, error.problem, remedy),)
    if key is not None and key.name != checkpoint.origin:
        what = f"is the key of {key.name}, and the log is that of {checkpoint.origin}"
        return checkpoint, (Problem(KEY, what, RESTORE),)
    return checkpoint, ()


def _signer(checkpoint: Checkpoint | None, public: bytes | None) -> str | None:
    return key_fingerprint(public) if checkpoint and public else None


def _root_problems(reading: Reading, checkpoint: Checkpoint | None) -> list[Problem]:
    """Where the log is not the one that was signed."""
    if checkpoint is None:
        return []
    size, count = checkpoint.size, len(reading.lines)
    if count < size:
        what = f"has {count} entries, and the checkpoint signs {size}"
        return [Problem(LOG, what, f"entries {count} to {size - 1} were cut off the end")]
    problems = [
        Problem(reading.place(position), "was added after the checkpoint was signed")
        for position in range(size, count)
    ]
    if not _is_signed(reading, checkpoint):
        where = LOG if reading.problems or not size else reading.place(size - 1)
        what = f"has not the Merkle root {checkpoint.root.hex()} that {CHECKPOINT} signs"
        remedy = "this entry was altered, or a run of entries that ends here was rewritten"
        problems.append(Problem(where, what, "" if where == LOG else remedy))
    return problems


def _is_signed(reading: Reading, checkpoint: Checkpoint) -> bool:
    """Whether the log, up to the size that was signed, has the root that was signed."""
    size = checkpoint.size
    return size <= len(reading.lines) and reading.tree.root(size) == checkpoint.root


def _check_files(
    folder: Folder, names: set[str], reading: Reading
) -> tuple[set[str], list[Problem]]:
    """The names that entries cover, and what is wrong with these files and with the others."""
    recorded = [
        (name, digest, f"entry {position} ({printable(entry.step)})")
        for position, entry in enumerate(reading.entries)
        if entry
        for name, digest in entry.outputs.items()
    ]
    problems = []
    for name, digest, entry_name in recorded:
        if name not in names:
            problems.append(Problem(printable(name), f"is missing: {entry_name} wrote it"))
        elif problem := _digest_problem(folder, name, digest, entry_name):
            problems.append(problem)
    covered = {name for name, _, _ in recorded}
    has_decisions = bool(_commitments(reading))
    own = _OWN_FILES if has_decisions else _OWN_FILES - {RECORDS, SALTS}
    problems += [
        Problem(printable(name), "is not covered by evidence: no entry of the log names it")
        for name in sorted(names - covered - own)
    ]
    return covered, problems


def _digest_problem(folder: Folder, name: str, digest: str, by: str) -> Problem | None:
    try:
        is_same = folder.digest(name) == digest
    except HeadraceError as error:
        return Problem(printable(name), error.problem, RESTORE)
    return None if is_same else Problem(printable(name), f"is not the file that {by} recorded")


def _check_data(data: Folder, reading: Reading) -> list[Problem]:
    """Whether the user's files are those that the first step read."""
    first = reading.entries[0] if reading.entries else None
    if first is None:
        return []
    names = set(data.names())
    problems = []
    for name, digest in first.inputs.items():
        if name not in names:
            problems.append(Problem(f"data: {printable(name)}", "is missing: the run read it"))
        elif problem := _digest_problem(data, name, digest, "the run"):
            problems.append(Problem(f"data: {problem.where}", problem.what, problem.remedy))
    return problems


def _commitments(reading: Reading) -> dict[int, Entry]:
    """The entries that commit to decisions, by position."""
    return {
        position: entry
        for position, entry in enumerate(reading.entries)
        if entry and is_commitment(entry)
    }


def _check_decisions(
    folder: Folder, reading: Reading, checkpoint: Checkpoint | None
) -> tuple[int, list[Problem]]:
    """How many decisions are proved, and what is wrong with their records and salts."""
    unclaimed = _commitments(reading)
    if not unclaimed:  # then neither file belongs here, which is reported
        return 0, []
    records_data, salts_data = _read(folder, RECORDS), _read(folder, SALTS)
    if isinstance(records_data, Problem) or isinstance(salts_data, Problem):
        return 0, [each for each in (records_data, salts_data) if isinstance(each, Problem)]
    records, problems = read_records(records_data)
    salts, salt_problems = read_salts(salts_data)
    problems += [*salt_problems, *pairing_problems(records, salts)]
    proved = 0
    for decision_id, salt in salts.items():
        entry = unclaimed.pop(salt.entry, None)
        record = records.get(decision_id)
        if problem := commitment_problem(salt, record, entry):
            problems.append(problem)
        elif record and checkpoint and _is_included(reading, salt.entry, checkpoint):
            proved += 1
    problems += [
        Problem(SALTS, f"has no line for the decision that entry {position} commits to", RESTORE)
        for position in unclaimed
    ]
    return proved, problems


def _is_included(reading: Reading, index: int, checkpoint: Checkpoint) -> bool:
    """Whether the inclusion proof of an entry leads to the signed root."""
    size = checkpoint.size
    if not 0 <= index < size <= len(reading.lines):
        return False
    proof = reading.tree.inclusion_proof(index, size)
    leaf = reading.tree.leaf_hash(index)
    return verify_inclusion(leaf, index, size, proof, checkpoint.root)


def _read(folder: Folder, name: str) -> bytes | Problem:
    try:
        return folder.read(name)
    except HeadraceError as error:
        return Problem(name, error.problem, RESTORE)


def _required(folder: Folder, name: str) -> bytes:
    data = _read(folder, name)
    if isinstance(data, Problem):
        raise EvidenceError(data.what, where=data.where, remedy=data.remedy)
    return data


def _text(data: bytes) -> str:
    """Text of bytes that may be damaged: no reader accepts the replacement character."""
    return data.decode(errors="replace")

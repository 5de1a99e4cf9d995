"""The evidence of a run, read once and again when another run wrote it anew."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import perf_counter

from headrace.adapters.folder import DiskFolder
from headrace.errors import EvidenceError, InputError
from headrace.evidence.checkpoint import (
    Checkpoint,
    PublicKey,
    open_checkpoint,
    read_public_key,
)
from headrace.evidence.log import Reading, read_log
from headrace.web.run_folder import NoRunError
from headrace.workflows.prove import (
    CHECKPOINT,
    KEY,
    LOG,
    Receipt,
    Verification,
    prove_decision,
    verify,
)

_FILES = (LOG, CHECKPOINT, KEY)


@dataclass(frozen=True)
class Evidence:
    """The log of a run, and what was signed of it.

    Attributes:
        log: Entries and their Merkle tree.
        checkpoint: Size and root, as they were signed.
        text: The signed text.
        key: With which it was signed, by the run's own word.
    """

    log: Reading
    checkpoint: Checkpoint
    text: str
    key: PublicKey

    def steps(self) -> Counter[str]:
        """How many entries each step has."""
        return Counter(each.step for each in self.log.entries if each)


@dataclass(frozen=True)
class Checked:
    """What came of checking every byte.

    Attributes:
        found: Problems, and what was looked at.
        at: When, in microseconds since 1970.
        seconds: How long it took.
        root: Of the log that was looked at.
    """

    found: Verification
    at: int
    seconds: float
    root: str


class EvidenceRoom:
    """Looks after the evidence in a run's folder."""

    def __init__(self, path: Path) -> None:
        """Look at `path`; nothing is read yet."""
        self._path = path
        self._folder = DiskFolder(path)
        self._seen: tuple[object, Evidence] | None = None
        self._turn = Lock()
        self.last: Checked | None = None
        """The last check that anybody asked for, of whichever run was there then."""

    def current(self) -> Evidence:
        """The evidence, as it stands now.

        Raises:
            NoRunError: There is none.
            EvidenceError: It cannot be read, or its signature does not hold.
        """
        with self._turn:
            stamp = tuple(map(self._stamp, _FILES))
            if self._seen is None or self._seen[0] != stamp:
                self._seen = (stamp, self._read())
            return self._seen[1]

    def receipt(self, decision_id: str) -> Receipt:
        """All that proves one decision.

        Raises:
            EvidenceError: It is not recorded, or cannot be proved any more.
        """
        return prove_decision(self._folder, decision_id)

    def check(self, at: int) -> Checked:
        """Check every byte of the run's folder.

        Args:
            at: Now, in microseconds since 1970.
        """
        began = perf_counter()
        found = verify(self._folder)
        self.last = Checked(found, at, perf_counter() - began, found.root)
        return self.last

    def _stamp(self, name: str) -> tuple[int, int, int]:
        try:
            found = (self._path / name).stat()
        except OSError as error:
            raise NoRunError(
                "There is no evidence of a run", where=name, remedy="`headrace run` makes it"
            ) from error
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _read(self) -> Evidence:
        try:
            text = self._folder.read(CHECKPOINT).decode(errors="replace")
            key = read_public_key(self._folder.read(KEY).decode(errors="replace"))
            log = read_log(self._folder.read(LOG), LOG)
            return Evidence(log, open_checkpoint(text, key.public), text, key)
        except InputError as error:
            raise EvidenceError(error.problem, where=error.where, remedy=error.remedy) from error

"""A receipt: one decision, and all that is needed to prove it was in a signed log.

It can be given to the customer. It holds the customer's own record and salt; of everybody else it
holds only hashes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from headrace.errors import EvidenceError
from headrace.evidence.canonical import canonical_json, is_hex, parse_canonical, parse_object
from headrace.evidence.checkpoint import open_checkpoint
from headrace.evidence.commitment import COMMITMENT, SALT_BYTES, commit, is_commitment
from headrace.evidence.log import parse_entry
from headrace.evidence.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from headrace.evidence.problem import Problem, printable


@dataclass(frozen=True)
class Receipt:
    """Evidence for one decision that stands on its own.

    Attributes:
        decision_id: The decision it is about, as the record also says.
        record: The record of the decision, the exact line.
        salt: Hexadecimal; with the record it makes the commitment.
        entry: The log entry that holds the commitment, the exact line.
        index: The place of that entry in the log, from 0.
        proof: Inclusion proof, hashes in hexadecimal, from leaf to root.
        checkpoint: The signed text of the log's size and root.
    """

    decision_id: str
    record: str
    salt: str
    entry: str
    index: int
    proof: tuple[str, ...]
    checkpoint: str

    def to_json(self) -> str:
        """One line of JSON."""
        return canonical_json(asdict(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> "Receipt":
        """The receipt of a JSON text, in any spelling.

        Raises:
            EvidenceError: If the text is not a receipt; whether it is a true one is another matter.
        """
        document = parse_object(text.encode(errors="surrogatepass"))
        if document is None or not _has_receipt_types(document):
            raise EvidenceError(
                "this is not a receipt",
                remedy="a JSON object of " + ", ".join(each.name for each in fields(cls)),
            )
        return cls(**{**document, "proof": tuple(document["proof"])})


def check_receipt(receipt: Receipt, public_key: bytes) -> Problem | None:
    """What does not hold in a receipt; None where it proves its decision.

    It needs nothing but the public key (32 bytes), which the customer must have from the lender and
    not from the receipt: anybody can sign with a key of their own.
    """
    where = f"receipt of decision {printable(receipt.decision_id)}"
    try:
        checkpoint = open_checkpoint(receipt.checkpoint, public_key)
    except EvidenceError as error:
        return Problem(f"{where}, checkpoint", error.problem, error.remedy)
    record, line = _bytes(receipt.record), _bytes(receipt.entry)
    document = parse_canonical(record)
    if document is None or document.get("decision_id") != receipt.decision_id:
        return Problem(f"{where}, record", "is not the record of this decision")
    entry = parse_entry(line)
    if isinstance(entry, str) or not is_commitment(entry) or entry.index != receipt.index:
        return Problem(f"{where}, entry", f"is not the commitment at index {receipt.index}")
    salt_is_sound = is_hex(receipt.salt, byte_count=SALT_BYTES)
    if not salt_is_sound or commit(record, bytes.fromhex(receipt.salt)) != entry.facts[COMMITMENT]:
        return Problem(f"{where}, record", "record and salt are not what the entry commits to")
    proof_is_sound = all(is_hex(each, byte_count=HASH_BYTES) for each in receipt.proof)
    proof = [bytes.fromhex(each) for each in receipt.proof] if proof_is_sound else []
    leaf = leaf_hash(line)
    if not verify_inclusion(leaf, entry.index, checkpoint.size, proof, checkpoint.root):
        return Problem(f"{where}, proof", "does not lead from the entry to the signed root")
    return None


def _has_receipt_types(document: Mapping[str, Any]) -> bool:
    if document.keys() != {each.name for each in fields(Receipt)}:
        return False
    proof, index = document["proof"], document["index"]
    texts = [value for key, value in document.items() if key not in {"proof", "index"}]
    return (
        type(index) is int
        and isinstance(proof, list)
        and all(isinstance(each, str) for each in [*proof, *texts])
    )


def _bytes(text: str) -> bytes:
    """UTF-8; a lone surrogate gives bytes that no record has, and so a commitment none has."""
    return text.encode(errors="surrogatepass")

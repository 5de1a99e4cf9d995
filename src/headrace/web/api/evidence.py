"""Routes of the API: proofs, receipts and their verification; seals of the audit."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from headrace.adapters.stores.audit import AuditCheck, check_audit, last_seal
from headrace.errors import EvidenceError, InputError
from headrace.evidence.checkpoint import PublicKey, read_public_key
from headrace.evidence.problem import Problem as Fault
from headrace.evidence.receipt import Receipt, check_receipt
from headrace.web.api.bodies import body
from headrace.web.api.routes import NOT_THERE, REFUSALS, position_seen
from headrace.web.evidence_room import Checked
from headrace.web.guard import needs
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services, services_of

router = APIRouter(prefix="/api/v1", responses=REFUSALS, tags=["evidence"])

INDEX_MAX = 2**53
RECEIPT_MAX = 500_000
Hash = Annotated[str, Field(max_length=100)]
Line = Annotated[str, Field(max_length=RECEIPT_MAX)]


@dataclass(frozen=True)
class LogState:
    """The log of the run, and what was signed of it; hashes in hexadecimal.

    Attributes:
        origin: Name of the log.
        entries: How many there are now.
        root: Of the Merkle tree (RFC 6962) over them.
        signed_entries: How many the checkpoint signs.
        signed_root: Their root.
        checkpoint: The signed text, a C2SP tlog-checkpoint.
        key: The verifier key, one line.
        fingerprint: SHA-256 of the key.
    """

    origin: str
    entries: int
    root: str
    signed_entries: int
    signed_root: str
    checkpoint: str
    key: str
    fingerprint: str


@body
class GivenReceipt:
    """A receipt as it was handed out."""

    decision_id: Line
    record: Line
    salt: Line
    entry: Line
    index: Annotated[int, Field(ge=0, le=INDEX_MAX)]
    proof: Annotated[tuple[Hash, ...], Field(max_length=64)]
    checkpoint: Line


@body
class ToVerify:
    """A receipt to be verified.

    Attributes:
        receipt: As it was handed out.
        key: The lender's verifier key, one line; empty: of the run that is here.
    """

    receipt: GivenReceipt
    key: Annotated[str, Field(max_length=1000)] = ""


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold."""

    where: str
    what: str
    remedy: str


@dataclass(frozen=True)
class ReceiptVerdict:
    """Whether a receipt proves its decision.

    Attributes:
        holds: Whether it does.
        decision_id: Which decision.
        fingerprint: Of the key that it was verified with.
        problem: What does not hold; None where all does.
    """

    holds: bool
    decision_id: str
    fingerprint: str
    problem: Finding | None


@dataclass(frozen=True)
class RunVerdict:
    """What came of checking every byte of the run's folder."""

    holds: bool
    entries: int
    decisions_proved: int
    files_checked: int
    root: str
    signed_by: str | None
    seconds: float
    problems: tuple[Finding, ...]


@dataclass(frozen=True)
class Inclusion:
    """That an entry is in the log: RFC 6962 §2.1.1, hashes in hexadecimal, leaf to root."""

    index: int
    size: int
    leaf: str
    proof: tuple[str, ...]
    root: str


@dataclass(frozen=True)
class Consistency:
    """That a log was only added to: RFC 6962 §2.1.2, hashes in hexadecimal."""

    old_size: int
    size: int
    old_root: str
    root: str
    proof: tuple[str, ...]


@dataclass(frozen=True)
class SealState:
    """The last seal of the audit.

    Attributes:
        number: How many seals there are.
        at: When the last one was made, in microseconds since 1970; None where there is none.
        checkpoint: Signed: lines sealed in all, and the root over them; empty where there is none.
        unsealed: Lines since.
        key: The verifier key, one line.
    """

    number: int
    at: int | None
    checkpoint: str
    unsealed: int
    key: str


@dataclass(frozen=True)
class AuditVerdict:
    """Whether anybody altered what was sealed of the audit."""

    holds: bool
    sealed: int
    unsealed: int
    problems: tuple[Finding, ...]


@body
class AuditToVerify:
    """What the audit is compared with.

    Attributes:
        checkpoint: One that was kept elsewhere; empty: none.
    """

    checkpoint: Annotated[str, Field(max_length=2000)] = ""


@router.get("/evidence", name="evidence")
def evidence(request: Request, _: Annotated[Principal, needs("evidence")]) -> LogState:
    """The log of the run: size, root, what was signed and with which key."""
    return log_state(services_of(request))


@router.post("/evidence/check", name="check_evidence")
def check_evidence(request: Request, _: Annotated[Principal, needs("evidence")]) -> RunVerdict:
    """Check every byte of the run's folder against its evidence."""
    services = services_of(request)
    services.evidence.current()  # says it where there is no run
    return run_verdict(services.evidence.check(services.now()))


@router.get(
    "/evidence/receipts/{decision_id}",
    name="receipt",
    response_class=Response,
    responses={200: {"model": Receipt, "description": "To be given to the firm"}, **NOT_THERE},
)
def receipt(
    request: Request,
    decision_id: Annotated[str, Path(max_length=200)],
    principal: Annotated[Principal, needs("evidence")],
) -> Response:
    """All that proves one decision; of other firms it holds only hashes."""
    found = receipt_of(services_of(request), principal, decision_id)
    return Response(found.to_json(), media_type="application/json")


@router.post("/evidence/verify", name="verify_receipt")
def verify_receipt(
    request: Request, given: ToVerify, _: Annotated[Principal, needs("evidence")]
) -> ReceiptVerdict:
    """Whether a receipt proves its decision under the lender's key."""
    key = key_of(services_of(request), given.key)
    return verdict(Receipt(**vars(given.receipt)), key)


@router.get("/evidence/proofs/inclusion", name="inclusion_proof")
def inclusion_proof(
    request: Request,
    _: Annotated[Principal, needs("evidence")],
    index: Annotated[int, Query(ge=0, le=INDEX_MAX, description="Of the entry, from 0")],
    size: Annotated[
        int | None, Query(ge=1, le=INDEX_MAX, description="Else what is signed")
    ] = None,
) -> Inclusion:
    """That an entry is in the log of a size."""
    found = services_of(request).evidence.current()
    whole = found.checkpoint.size if size is None else size
    tree = found.log.tree
    try:
        proof = tuple(each.hex() for each in tree.inclusion_proof(index, whole))
    except ValueError as error:
        raise _no_proof(str(error), tree.size) from error
    return Inclusion(index, whole, tree.leaf_hash(index).hex(), proof, tree.root(whole).hex())


@router.get("/evidence/proofs/consistency", name="consistency_proof")
def consistency_proof(
    request: Request,
    _: Annotated[Principal, needs("evidence")],
    old: Annotated[int, Query(alias="from", ge=0, le=INDEX_MAX, description="Size before")],
    new: Annotated[
        int | None, Query(alias="to", ge=0, le=INDEX_MAX, description="Size after")
    ] = None,
) -> Consistency:
    """That the log was only added to between two sizes."""
    return consistency(services_of(request), old, new)


@router.get("/audit/seal", name="audit_seal")
def audit_seal(request: Request, _: Annotated[Principal, needs("audit")]) -> SealState:
    """The last seal of the audit, to be kept elsewhere."""
    return seal_state(services_of(request))


@router.post("/audit/check", name="check_audit")
def check_the_audit(
    request: Request, given: AuditToVerify, _: Annotated[Principal, needs("audit")]
) -> AuditVerdict:
    """Read every line of the audit again, and compare it with what was sealed."""
    found = audit_check(services_of(request), given.checkpoint)
    problems = tuple(map(_finding, found.problems))
    return AuditVerdict(found.holds, found.sealed, found.unsealed, problems)


def log_state(services: Services) -> LogState:
    """The log of the run."""
    found = services.evidence.current()
    return LogState(
        origin=found.checkpoint.origin,
        entries=len(found.log.lines),
        root=found.log.tree.root().hex(),
        signed_entries=found.checkpoint.size,
        signed_root=found.checkpoint.root.hex(),
        checkpoint=found.text,
        key=found.key.to_text().strip(),
        fingerprint=found.key.fingerprint,
    )


def receipt_of(services: Services, principal: Principal, decision_id: str) -> Receipt:
    """The receipt of a decision that somebody may know of."""
    position_seen(services.run.current(), decision_id, scope_of(principal))
    return services.evidence.receipt(decision_id)


def key_of(services: Services, text: str) -> PublicKey:
    """The key of a text; of the run that is here where the text is empty.

    Raises:
        InputError: It is no verifier key.
    """
    if not text.strip():
        return services.evidence.current().key
    try:
        return read_public_key(f"{text.strip()}\n")
    except EvidenceError as error:
        raise InputError(error.problem, where="key", remedy=error.remedy) from error


def verdict(given: Receipt, key: PublicKey) -> ReceiptVerdict:
    """Whether a receipt proves its decision under a key."""
    fault = check_receipt(given, key.public)
    problem = None if fault is None else _finding(fault)
    return ReceiptVerdict(problem is None, given.decision_id, key.fingerprint, problem)


def run_verdict(checked: Checked) -> RunVerdict:
    """What came of checking every byte, as it is told."""
    found = checked.found
    return RunVerdict(
        found.holds,
        found.entries,
        found.decisions_proved,
        found.files_checked,
        found.root,
        found.signed_by,
        round(checked.seconds, 3),
        tuple(map(_finding, found.problems)),
    )


def consistency(services: Services, old: int, new: int | None) -> Consistency:
    """That the log was only added to between two sizes.

    Raises:
        InputError: It never had one of them, or they are the wrong way round.
    """
    tree = services.evidence.current().log.tree
    size = tree.size if new is None else new
    try:
        proof = tuple(each.hex() for each in tree.consistency_proof(old, size))
        return Consistency(old, size, tree.root(old).hex(), tree.root(size).hex(), proof)
    except ValueError as error:
        raise _no_proof(str(error), tree.size) from error


def seal_state(services: Services) -> SealState:
    """The last seal of the audit."""
    key = services.signing_key
    last, unsealed = last_seal(services.store)
    public = PublicKey(f"{key.name}/audit", key.public).to_text().strip()
    if last is None:
        return SealState(0, None, "", unsealed, public)
    return SealState(last.number, last.at, last.checkpoint, unsealed, public)


def audit_check(services: Services, kept: str) -> AuditCheck:
    """Whether anybody altered what was sealed of the audit."""
    plain = kept.replace("\r\n", "\n").strip()
    return check_audit(services.store, services.signing_key.public, f"{plain}\n" if plain else None)


def _finding(fault: Fault) -> Finding:
    return Finding(fault.where, fault.what, fault.remedy)


def _no_proof(why: str, size: int) -> InputError:
    return InputError(why, where="index, size", remedy=f"The log has {size} entries")

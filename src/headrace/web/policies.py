"""What the API and the console do with policies: the same acts, by the same rules."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus

from headrace import packs
from headrace.adapters.policies_in_force import SHIPPED, stored_document, version_files
from headrace.adapters.policy_sheets import Workbooks, read_workbook
from headrace.adapters.stores.policy_desk import Draft
from headrace.decisions.flow.change import Change
from headrace.errors import InputError
from headrace.pack import Pack
from headrace.web.problems import Refused
from headrace.web.services import Services
from headrace.workflows import policy_check
from headrace.workflows.policies import Files
from headrace.workflows.policy_check import Checked, check_files, editable, tables_as_csv
from headrace.workflows.policy_documents import (
    Document,
    changes_between,
    document_of,
    proposal_of,
    shipped_files,
)
from headrace.workflows.policy_errors import Remark
from headrace.workflows.policy_history import Act, Deed, History, Refusal, RefusedError

FILES_MAX = 40
COMMENT_MAX = 2_000
Texts = Mapping[str, str]
STATUS: Mapping[Refusal, HTTPStatus] = {
    Refusal.VERSION_MUST_EXIST: HTTPStatus.NOT_FOUND,
    Refusal.APPROVER_MUST_NOT_BE_THE_AUTHOR: HTTPStatus.FORBIDDEN,
    Refusal.PARENT_MUST_BE_THE_LAST_VERSION: HTTPStatus.PRECONDITION_FAILED,
    Refusal.ENTRY_MUST_BE_COMPLETE: HTTPStatus.UNPROCESSABLE_ENTITY,
    Refusal.ENTRY_MUST_END_AFTER_IT_STARTS: HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Of each refusal; of any other 409."""


@dataclass(frozen=True)
class Subject:
    """One policy.

    Attributes:
        name: Its name.
        pack: Whose features it reads; None: those of its own files.
        history: What was done with it; without versions, the pack's own files decide.
    """

    name: str
    pack: Pack | None
    history: History

    @property
    def last(self) -> int:
        """The last version; 0: there is none but the pack's own files."""
        return len(self.history.versions)


def policy_names(services: Services) -> tuple[str, ...]:
    """All policies: those of the workspace's packs, then any other in the store."""
    own = [each for each in (services.workspace.pack, services.workspace.live_pack) if _pack(each)]
    return tuple(dict.fromkeys([*own, *services.policies.policies()]))


def subject_of(services: Services, name: str) -> Subject:
    """A policy by its name.

    Raises:
        Refused: There is none.
    """
    if name not in policy_names(services):
        raise Refused(HTTPStatus.NOT_FOUND, "There is no such policy")
    history = services.policies.history(name)
    told = history.versions[-1].proposal.told.get("pack", "") if history.versions else name
    return Subject(name, _pack(told), history)


def _pack(name: str) -> Pack | None:
    """A pack with a policy; None where there is none of that name."""
    pack = packs.load(name) if name in packs.PACKS else None
    return pack if pack is not None and shipped_files(pack) else None


def files_of(services: Services, subject: Subject, number: int) -> dict[str, bytes]:
    """The files of a version; of 0 the pack's own.

    Raises:
        Refused: There is no such version.
    """
    with by_the_rules():
        return version_files(services.policies, subject.name, subject.pack, number)


def document_at(services: Services, subject: Subject, number: int) -> Document:
    """A version of a policy, read; of 0 the pack's own.

    Raises:
        Refused: There is no such version.
    """
    with by_the_rules():
        if number == SHIPPED and subject.pack is not None:
            files = shipped_files(subject.pack)
            return document_of(subject.name, files, read_workbook, subject.pack)
        return stored_document(services.policies, subject.name, number, subject.pack)


def compared_with(services: Services, subject: Subject, number: int) -> int | None:
    """The version that another is set beside: the one in force, else the one before it.

    None where there is none: the first version of a policy that no pack ships.
    """
    in_force = number_in_force(services, subject)
    found = in_force if number != in_force else max(number - 1, 0)
    return None if found == SHIPPED and subject.pack is None else found


def number_in_force(services: Services, subject: Subject) -> int:
    """The version that decides now; 0: the pack's own files."""
    return subject.history.active_at(services.now()) or SHIPPED


@contextmanager
def by_the_rules() -> Iterator[None]:
    """Says a refusal of the history as one of HTTP."""
    try:
        yield
    except RefusedError as error:
        status = STATUS.get(error.refusal, HTTPStatus.CONFLICT)
        raise Refused(status, error.problem, remedy=error.remedy) from error


# --- writing --------------------------------------------------------------------------------------


def as_bytes(texts: Texts) -> Files:
    """Files from their texts.

    Raises:
        InputError: There are more than a policy needs, or a text cannot be said in UTF-8.
    """
    if len(texts) > FILES_MAX:
        raise InputError(
            f"There are {len(texts):,} files", where="files", remedy=f"At most {FILES_MAX}"
        )
    try:
        return {name.encode().decode(): text.encode() for name, text in texts.items()}
    except UnicodeEncodeError as error:
        raise InputError("A text is no UTF-8", where="files", remedy="Send whole characters") from (
            error
        )


def check(services: Services, subject: Subject, base: int, own: Texts) -> Checked:
    """Check a version's files with others in place of some.

    Raises:
        Refused: There is no such version.
        InputError: There are too many files.
    """
    files = files_of(services, subject, base)
    return check_files(subject.name, files, as_bytes(own), read_workbook, subject.pack)


def changes_in_force(
    services: Services, subject: Subject, document: Document
) -> tuple[Change, ...]:
    """What a document changes against the version in force; nothing where none is, nor shipped."""
    in_force = number_in_force(services, subject)
    if in_force == SHIPPED and subject.pack is None:
        return ()
    return changes_between(document_at(services, subject, in_force), document)


def usable(checked: Checked) -> Document:
    """The document of a check.

    Raises:
        InputError: It has none; the first thing that was refused.
    """
    if checked.document is None:
        first = checked.remarks[0]
        raise InputError(first.problem.en, where=place_of(first), remedy=first.remedy.en)
    return checked.document


def place_of(remark: Remark) -> str:
    """Where a remark points to, in a few words: `access.csv, row 6, in:rating`."""
    rows = f"row {', '.join(map(str, remark.rows))}" if remark.rows else ""
    return ", ".join(filter(None, (remark.file, rows, remark.column)))


def propose(services: Services, subject: Subject, draft: Draft, comment: str) -> Act:
    """Submit a draft as a version; its author is the draft's user.

    Raises:
        InputError: The draft cannot be used, or nothing is said about why.
        Refused: Another version came since the draft was begun, or it changes nothing.
    """
    if not comment.strip():
        raise InputError(
            "Nothing is said about why", where="comment", remedy="Say what changes and why"
        )
    document = usable(check(services, subject, draft.base, draft.files))
    document = replace(document, files=policy_check.version_files(document))
    pack = "" if subject.pack is None else subject.pack.name
    act = proposal_of(document, pack, draft.user, comment_of(comment), draft.base)
    with by_the_rules():
        return services.policies.propose(*act, services.now())


def comment_of(text: str) -> str:
    """A comment as every store takes it: no NUL, no half characters, not endless."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")[:COMMENT_MAX]


def judge(services: Services, subject: Subject, act: Act) -> Act:
    """Approve, reject, activate, set beside or roll back; what decides learns of it at once.

    Raises:
        Refused: It is against the rules: four eyes, order of versions, a time in the past.
    """
    with by_the_rules():
        done = services.policies.record(act, services.now())
    if done.deed in {Deed.ACTIVATE, Deed.ROLL_BACK, Deed.SET_BESIDE}:
        refresh_live(services)
    if done.deed in {Deed.ACTIVATE, Deed.ROLL_BACK}:
        told = {"policy": subject.name, "version": done.version, "from": done.start}
        services.hooks.tell("policy.activated", told)
    return done


def refresh_live(services: Services) -> None:
    """Tell what decides in flight that versions or lists changed; it looks by itself too."""
    if services.open_live is not None:
        services.open_live.refresh()


# --- drafts ---------------------------------------------------------------------------------------


def draft_of(services: Services, subject: Subject, user: str) -> Draft:
    """A user's draft; an empty one from the last version where there is none."""
    found = services.policy_desk.draft(user, subject.name)
    return found or Draft(user, subject.name, subject.last, {})


def texts_of(services: Services, subject: Subject, base: int) -> dict[str, str]:
    """A version's files as they are edited: texts, and tables as CSV."""
    return editable(document_at(services, subject, base))


def whole_of(services: Services, subject: Subject, number: int) -> dict[str, str]:
    """All of an older version as what is written over the last one: what this has more is blank."""
    document = document_at(services, subject, number)
    texts = {**editable(document), **_models_in(document)}
    last = document_at(services, subject, subject.last)
    more = {*editable(last), *_models_in(last)} - {*texts}
    return texts | dict.fromkeys(more, "")


def _models_in(document: Document) -> dict[str, str]:
    """Models as texts: nobody writes one by hand, but a version is not whole without them."""
    return {
        name: content.decode("utf-8", "replace")
        for name, content in document.files.items()
        if name.endswith(".json")
    }


def save_draft(services: Services, subject: Subject, draft: Draft) -> Draft:
    """Keep a draft: of its texts those that differ from the version it was begun from.

    Raises:
        InputError: It has more files than a policy needs.
        DraftMovedOnError: It was saved elsewhere since.
    """
    as_bytes(draft.files)
    document = document_at(services, subject, draft.base)
    before = {**editable(document), **_models_in(document)}
    own = {
        name: text
        for name, text in draft.files.items()
        if _plain(text) != _plain(before.get(name, ""))
    }
    return services.policy_desk.save(replace(draft, files=own), services.now())


def _plain(text: str) -> str:
    """A text without what forms of browsers do to the ends of lines."""
    return text.replace("\r\n", "\n").rstrip("\n")


def received(
    services: Services, subject: Subject, draft: Draft, file: str, content: bytes
) -> Draft:
    """A draft with a file that was sent: tables of a workbook or model become CSV to be edited.

    Raises:
        MappingError: It cannot be read; it names the place in the file.
        InputError: It is no file of a policy.
    """
    suffix = f".{file.rpartition('.')[2].lower()}"
    if suffix in {".xlsx", ".dmn"} or (suffix == ".csv" and _is_table(content)):
        kinds = document_at(services, subject, draft.base).loaded.kinds
        texts = tables_as_csv(content, file, Workbooks(), kinds)
    elif suffix in policy_check.TEXTS:
        texts = {file: _text(content, file)}
    else:
        raise InputError(
            f"A file that ends in {suffix} is no part of a policy",
            where=file[:100],
            remedy="Send .xlsx, .csv, .dmn, .yaml, .toml or a model as .json",
        )
    return replace(draft, files={**draft.files, **texts})


def _is_table(content: bytes) -> bool:
    return content.lstrip(b"\xef\xbb\xbf").lstrip(b'"').startswith(b"#")


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("The file is not UTF-8", where=file[:100], remedy="Save it so") from error

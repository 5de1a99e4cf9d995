"""Which long work there is. What a kind does is imported only by the process that does it.

A job is begun again where whoever ran it died, so every kind must bear that: it writes aside and
swaps in, or finds what it did before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from headrace.adapters.workspace import Workspace
from headrace.errors import InputError
from headrace.pack import Text

Tell = Callable[[float, Text], None]
"""Says how far it is: a share of 0 to 1, and a few words."""


@dataclass(frozen=True)
class Task:
    """What one job works with.

    Attributes:
        id: The job's; the same at every attempt.
        workspace: Where everything is.
        given: What was asked for, in the kind's own dataclass.
        by: Who asked.
        created: When, in microseconds since 1970: its idea of now, the same at every attempt.
        folder: Empty; for files that are to be downloaded.
    """

    id: str
    workspace: Workspace
    given: Any
    by: str
    created: int
    folder: Path


@dataclass(frozen=True)
class Kind:
    """One kind of long work.

    Attributes:
        text: What it is called.
        permission: Who may ask for it; they also need `jobs`.
        given: Frozen dataclass of what can be said about it.
        work: `module:function`, called with a `Task` and a `Tell`; gives what came of it, as JSON,
            with the names of files under `files`.
        is_listed: Whether the page of jobs offers to start it; others are started elsewhere.
    """

    text: Text
    permission: str
    given: type
    work: str
    is_listed: bool = True

    def read(self, given: Mapping[str, Any]) -> Any:
        """What was asked for, checked.

        Raises:
            InputError: Something is missing, unknown, or of another type.
        """
        known = {each.name for each in fields(self.given)}
        unknown = sorted(set(given) - known)
        if unknown:
            raise InputError(
                f"There is no {unknown[0]!r} to say about this",
                where=f"given.{unknown[0]}",
                remedy=f"One of {', '.join(sorted(known))}" if known else "Nothing: leave it empty",
            )
        try:
            return TypeAdapter(self.given).validate_python(dict(given))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise InputError(
                first["msg"],
                where=".".join(map(str, ("given", *first["loc"]))),
                remedy="See /api/v1/jobs/kinds",
            ) from error

    def plain(self, given: Any) -> dict[str, Any]:
        """The same as JSON, for the store."""
        told: dict[str, Any] = TypeAdapter(self.given).dump_python(given, mode="json")
        return told

    def schema(self) -> dict[str, Any]:
        """What can be said, as JSON Schema."""
        return TypeAdapter(self.given).json_schema()


@dataclass(frozen=True)
class RunGiven:
    """A run of the workspace.

    Attributes:
        as_of: Decide on what was known by that day's end; None: by the end of the data.
    """

    as_of: date | None = None


@dataclass(frozen=True)
class VerifyGiven:
    """The evidence of the run.

    Attributes:
        data: Whether the data that it read are checked as well.
    """

    data: bool = True


@dataclass(frozen=True)
class DayGiven:
    """Days of the book.

    Attributes:
        until: Ends this day and all before it that have not ended.
    """

    until: date


@dataclass(frozen=True)
class SignGiven:
    """Contracts that the run offers.

    Attributes:
        batch: A name for them, so that they are signed once; empty: made of the run's day and the
            book's.
    """

    batch: Annotated[str, Field(max_length=60, pattern=r"^[\w .:-]*$")] = ""


class Exported(Enum):
    """What can be had as workbooks."""

    BOOK = "book"
    FACTS = "facts"


@dataclass(frozen=True)
class ExportGiven:
    """Tables for a spreadsheet.

    Attributes:
        what: Loans and cash flow of the book, or all facts by kind.
    """

    what: Exported = Exported.BOOK


@dataclass(frozen=True)
class TrialGiven:
    """A policy on history.

    Attributes:
        policy: Its name.
        version: Tried; 0: the pack's own.
        against: The version it is set beside; 0: the pack's own.
        files: Texts in place of those of the version, by name.
    """

    policy: str
    version: int
    against: int
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TidyGiven:
    """What ended long ago.

    Attributes:
        keep_days: What ended within so many days stays.
    """

    keep_days: Annotated[int, Field(ge=2, le=36_500)] = 90


@dataclass(frozen=True)
class RolloutGiven:
    """What a version beside the one in force decided.

    Attributes:
        policy: Its name.
        version: The one that stands beside.
    """

    policy: str
    version: int


KINDS: dict[str, Kind] = {
    "rollout": Kind(
        Text("Champion and challenger compared", "冠军与挑战者比较"),
        "policy_write",
        RolloutGiven,
        "headrace.web.jobs.trial:compare",
        is_listed=False,
    ),
    "trial": Kind(
        Text("Trial of a policy", "策略试算"),
        "policy_write",
        TrialGiven,
        "headrace.web.jobs.trial:try_out",
        is_listed=False,
    ),
    "run": Kind(
        Text("Run everything anew", "重新运行全流程"),
        "policy_write",
        RunGiven,
        "headrace.web.jobs.run:run_anew",
    ),
    "verify": Kind(
        Text("Verify the run's evidence", "核验运行存证"),
        "evidence",
        VerifyGiven,
        "headrace.web.jobs.evidence:verify_run",
    ),
    "book_day": Kind(
        Text("End the book's day", "账簿日终"),
        "payout_approve",
        DayGiven,
        "headrace.web.jobs.book:end_days",
    ),
    "book_sign": Kind(
        Text("Sign the contracts that the run offers", "签订本次运行的合同"),
        "payout_approve",
        SignGiven,
        "headrace.web.jobs.signing:sign_offers",
    ),
    "export": Kind(
        Text("Export workbooks", "导出工作簿"),
        "firms",
        ExportGiven,
        "headrace.web.jobs.export:export",
    ),
    "tidy": Kind(
        Text("Delete what ended long ago", "清理过期记录"),
        "admin",
        TidyGiven,
        "headrace.web.jobs.tidy:tidy",
        is_listed=False,
    ),
}


def kind_of(name: str) -> Kind:
    """The kind of a name.

    Raises:
        InputError: There is none.
    """
    found = KINDS.get(name)
    if found is None:
        raise InputError(
            "There is no such kind of job", where="kind", remedy=f"One of {', '.join(KINDS)}"
        )
    return found

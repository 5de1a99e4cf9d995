"""What a run noted about itself, in the folder it wrote."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from headrace.errors import EvidenceError, InputError

if TYPE_CHECKING:  # a note is read before the first page is drawn; ports load half the engines
    from headrace.workflows.ports import Folder

RECORDS = "records/decisions.jsonl"
"""Where in the folder the decisions are, a line each."""


@dataclass(frozen=True)
class About:
    """What a run noted about itself.

    Attributes:
        pack: Name of the pack.
        moment: As of when it decided, UTC.
        zone: Whose days and months counted.
        simulated: Whether the data are made up.
    """

    pack: str
    moment: datetime
    zone: str
    simulated: bool


def run_settings(folder: "Folder") -> About:
    """What a run noted about itself.

    Raises:
        InputError: If the folder was not written by a run.
        EvidenceError: If the note cannot be read.
    """
    if "run.json" not in folder.names():
        raise InputError(
            "this folder holds no run", where="--out", remedy="name the folder that a run wrote"
        )
    try:
        noted = json.loads(folder.read("run.json"))
        zone = ZoneInfo(noted["time_zone"]).key
        moment = datetime.fromisoformat(noted["as_of"]).astimezone(UTC)
        return About(str(noted["pack"]), moment, zone, bool(noted["simulated"]))
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise damaged("run.json", error) from error


def damaged(name: str, why: object) -> EvidenceError:
    """What is raised where a file of a run was changed since."""
    return EvidenceError(
        f"it is not as a run writes it: {why}",
        where=name,
        remedy="`headrace verify` names the damage",
    )

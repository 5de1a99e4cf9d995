"""Why one firm was decided as it was: from the decision back to the facts, computed again."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.clock import EPOCH
from headrace.decisions.decision import Decision, from_json
from headrace.errors import EvidenceError, HeadraceError, InputError
from headrace.features.batch import Used, compute, events_used, facts_used
from headrace.features.events import Events, invoice_events
from headrace.pack import Pack
from headrace.scores.card import Scorecard
from headrace.workflows.lend import UNCERTAINTY
from headrace.workflows.ports import FactReader, Folder

RECORDS = "records/decisions.jsonl"


@dataclass(frozen=True)
class Line:
    """One line of the card, for one firm.

    Attributes:
        feature: Which.
        value: As stored with the run; None if missing.
        points: Above (+) or below (-) the mean applicant.
        facts: How many facts stand behind it; 0 for a value from the relation graph.
        first: ISO day of the first of them; None if there is none.
        last: Of the last.
        again: Whether computing it again from the stored facts gave the same value; None where
            it does not come from the firm's own facts.
    """

    feature: str
    value: float | None
    points: float
    facts: int
    first: str | None
    last: str | None
    again: bool | None


@dataclass(frozen=True)
class Explanation:
    """Everything about one decision.

    Attributes:
        decision: The record.
        lines: Lines of the card, the most harmful first.
        points: Total.
        points_mean_applicant: What an average applicant has.
        points_of_uncertainty: What not knowing the card's coefficients exactly takes or adds.
        features: All other features of the firm.
        simulated: Whether the data are made up.
    """

    decision: Decision
    lines: tuple[Line, ...]
    points: float
    points_mean_applicant: float
    points_of_uncertainty: float
    features: Mapping[str, float | None]
    simulated: bool

    def to_dict(self) -> dict[str, Any]:
        """For --json."""
        return {
            "decision": json.loads(self.decision.to_json_bytes()),
            "lines": [asdict(line) for line in self.lines],
            "points": self.points,
            "points_mean_applicant": self.points_mean_applicant,
            "points_of_uncertainty": self.points_of_uncertainty,
            "features": dict(self.features),
            "simulated": self.simulated,
        }


def explain(folder: Folder, facts: FactReader, pack: Pack, party: str) -> Explanation:
    """Read a decision from a run's folder and compute what it rests on again.

    Raises:
        InputError: If the folder is no run's, or the party is not in it.
        EvidenceError: If what the run wrote cannot be read any more.
    """
    about = run_settings(folder)
    decision = _decision(folder, party)
    party = decision.party
    card = Scorecard.from_json(_text(folder, "scorecard.json"))
    stored = _row(folder, "features.parquet", party, card.names)
    points = [f"points.{name}" for name in (*card.names, UNCERTAINTY)]
    scores = _row(folder, "scores.parquet", party, ["points", *points])
    moment = about.moment
    events = _events(facts, party, about)
    definitions = [f.definition for f in pack.features if f.definition is not None]
    again = compute(definitions, events, moment).to_pylist()[0]
    lines = [
        _line(name, behind, stored[name], float(scores[f"points.{name}"]), again)
        for name, behind in zip(
            card.names, facts_used(card.names, definitions, events), strict=True
        )
    ]
    others = {
        name: value
        for name, value in stored.items()
        if name not in card.names and name not in ("party", "as_of")
    }
    return Explanation(
        decision=decision,
        lines=tuple(sorted(lines, key=lambda line: (line.points, line.feature))),
        points=float(scores["points"]),
        points_mean_applicant=card.points_mean_applicant,
        points_of_uncertainty=round(float(scores[f"points.{UNCERTAINTY}"]), 2),
        features=others,
        simulated=about.simulated,
    )


def facts_behind(
    folder: Folder, facts: FactReader, pack: Pack, party: str, feature: str
) -> pa.Table:
    """The facts of a firm that stand behind one of its features, oldest first.

    Returns:
        id, day, direction, counterparty, amount_minor, tax_minor, voided.

    Raises:
        InputError: If the pack has no such feature, it comes from the relation graph, or the party
            is not in the run.
    """
    about = run_settings(folder)
    party = _decision(folder, party).party
    definitions = [f.definition for f in pack.features if f.definition is not None]
    if feature not in {definition.name for definition in definitions}:
        raise InputError(
            f"no facts of the firm stand behind {feature!r}",
            where="--facts",
            remedy=f"one of {', '.join(definition.name for definition in definitions)}",
        )
    events = _events(facts, party, about)
    at = events_used(feature, definitions, events, party)
    invoices = facts.invoices(party)
    partner = dict(
        zip(invoices["id"].to_pylist(), invoices["counterparty"].to_pylist(), strict=True)
    )
    ids = events.ids.take(pa.array(at)).to_pylist()
    return pa.table(
        {
            "id": ids,
            "day": [_day(day) for day in events.columns["day"][at].tolist()],
            "direction": ["sale" if sale else "purchase" for sale in events.flags["sale"][at]],
            "counterparty": [partner[each] for each in ids],
            "amount_minor": events.columns["amount"][at],
            "tax_minor": events.columns["tax"][at],
            "voided": events.flags["voided"][at],
        }
    )


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


def run_settings(folder: Folder) -> About:
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
        raise _damaged("run.json", error) from error


def decision_id_of(folder: Folder, party: str) -> str:
    """The id of a party's decision.

    Raises:
        InputError: If the folder holds none.
    """
    return _decision(folder, party).decision_id


def _decision(folder: Folder, party: str) -> Decision:
    known = []
    for line in folder.read(RECORDS).split(b"\n")[:-1]:
        decision = _read_decision(line)
        if party in (decision.party, decision.decision_id):
            return decision
        known.append(decision.party)
    shown = ", ".join(known[:8])
    raise InputError(
        f"there is no decision on {party!r}",
        where=RECORDS,
        remedy=f"{len(known)} parties, for example {shown}",
    )


def _read_decision(line: bytes) -> Decision:
    try:
        return from_json(line)
    except (HeadraceError, RecursionError) as error:
        raise _damaged(RECORDS, error) from error


def _events(facts: FactReader, party: str, about: About) -> Events:
    invoices, corrections = facts.invoices(party), facts.corrections(party)
    return invoice_events(invoices, corrections, about.moment, about.zone, (party,))


def _line(
    name: str, behind: Used, value: float | None, points: float, again: Mapping[str, Any]
) -> Line:
    count = int(behind.facts[0])
    return Line(
        feature=name,
        value=value,
        points=round(points, 2),
        facts=count,
        first=_day(int(behind.first_day[0])) if count else None,
        last=_day(int(behind.last_day[0])) if count else None,
        again=again[name] == value if name in again else None,
    )


def _text(folder: Folder, name: str) -> str:
    try:
        return folder.read(name).decode()
    except UnicodeDecodeError as error:
        raise _damaged(name, error) from error


def _row(folder: Folder, name: str, party: str, needed: Sequence[str]) -> dict[str, Any]:
    """The row of a party in a table of the run, which has at least the columns needed."""
    try:
        table = pq.read_table(io.BytesIO(folder.read(name)))
        at = table["party"].to_pylist().index(party)
        row: dict[str, Any] = table.slice(at, 1).to_pylist()[0]
    except (pa.ArrowException, LookupError, OSError, ValueError) as error:
        raise _damaged(name, error) from error
    missing = [column for column in needed if column not in row]
    if missing:
        raise _damaged(name, f"it has no column {missing[0]}")
    return row


def _damaged(name: str, why: object) -> EvidenceError:
    return EvidenceError(
        f"it is not as a run writes it: {why}",
        where=name,
        remedy="`headrace verify` names the damage",
    )


def _day(number: int) -> str:
    return (EPOCH + timedelta(days=number)).isoformat()

"""Why one firm was decided as it was: from the decision back to the facts, computed again."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace.clock import EPOCH
from headrace.decisions.lending.decision import Decision, from_json
from headrace.errors import HeadraceError, InputError
from headrace.facts.localtime import local_day
from headrace.features.definition import FeatureSet
from headrace.features.engines.batch import History
from headrace.features.explain import events_behind
from headrace.features.explain import explain as explain_feature
from headrace.pack import Pack
from headrace.scores.straight_card import Scorecard
from headrace.workflows.invoices import invoice_history
from headrace.workflows.lend import UNCERTAINTY
from headrace.workflows.ports import FactReader, Folder
from headrace.workflows.run_note import RECORDS, About, damaged, run_settings


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
    desk = _Desk(facts, pack, party, about)
    lines = [desk.line(name, stored[name], float(scores[f"points.{name}"])) for name in card.names]
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
    desk = _Desk(facts, pack, party, about)
    if not desk.feature_set.measures_behind(feature):
        known = [definition.name for definition in desk.feature_set.definitions]
        raise InputError(
            f"no facts of the firm stand behind {feature!r}",
            where="--facts",
            remedy=f"one of {', '.join(known)}",
        )
    return desk.facts_of(feature)


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
        raise damaged(RECORDS, error) from error


class _Desk:
    """One firm's facts, and its features computed again from them."""

    def __init__(self, facts: FactReader, pack: Pack, party: str, about: About) -> None:
        self.moment, self.zone = about.moment, about.zone
        self.feature_set: FeatureSet = pack.feature_set.in_zone(about.zone)
        self.history: History = invoice_history(facts.invoices(party), facts.corrections(party))
        self.key = pa.table({"party": pa.array([party], pa.string())})

    def facts_of(self, name: str) -> pa.Table:
        """Facts behind a feature, oldest first, each once."""
        parts = []
        for measure in dict.fromkeys(self.feature_set.measures_behind(name)):
            table = self.feature_set.table_of(measure).name
            rows = events_behind(self.feature_set, measure, self.history, self.key, self.moment)
            found = self.history.events[table].take(pa.array(rows))
            voided = pa.repeat(pa.scalar(table != "invoice"), found.num_rows)
            parts.append(found.append_column("voided", voided))
        whole = pa.concat_tables(parts, promote_options="permissive")
        first = {each: at for at, each in reversed(list(enumerate(whole["id"].to_pylist())))}
        whole = whole.take(pa.array(sorted(first.values()), pa.int64()))
        whole = whole.sort_by(
            [("event_time", "ascending"), ("source", "ascending"), ("row", "ascending")]
        )
        times = pc.cast(whole["event_time"], pa.int64()).to_numpy()
        days = [_day(day) for day in local_day(times, self.zone).tolist()]
        names = ["direction", "counterparty", "amount_minor", "tax_minor", "voided"]
        shown = {each: whole[each] for each in names}
        shown["direction"] = whole["direction"].cast(pa.string())
        shown["counterparty"] = whole["counterparty"].cast(pa.string())
        return pa.table({"id": whole["id"], "day": days, **shown})

    def line(self, name: str, value: float | None, points: float) -> Line:
        """A line of the card, with what stands behind it."""
        if not self.feature_set.measures_behind(name):
            return Line(name, value, round(points, 2), 0, None, None, None)
        again = explain_feature(self.feature_set, self.history, name, self.key, self.moment)
        days = self.facts_of(name)["day"].to_pylist()
        return Line(
            feature=name,
            value=value,
            points=round(points, 2),
            facts=len(days),
            first=days[0] if days else None,
            last=days[-1] if days else None,
            again=again.value == value,
        )


def _text(folder: Folder, name: str) -> str:
    try:
        return folder.read(name).decode()
    except UnicodeDecodeError as error:
        raise damaged(name, error) from error


def _row(folder: Folder, name: str, party: str, needed: Sequence[str]) -> dict[str, Any]:
    """The row of a party in a table of the run, which has at least the columns needed."""
    try:
        table = pq.read_table(io.BytesIO(folder.read(name)))
        at = table["party"].to_pylist().index(party)
        row: dict[str, Any] = table.slice(at, 1).to_pylist()[0]
    except (pa.ArrowException, LookupError, OSError, ValueError) as error:
        raise damaged(name, error) from error
    missing = [column for column in needed if column not in row]
    if missing:
        raise damaged(name, f"it has no column {missing[0]}")
    return row


def _day(number: int) -> str:
    return (EPOCH + timedelta(days=number)).isoformat()

"""The main job: a source's tables in; facts, graph, features, scores, decisions and proof out."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from headrace.clock import end_of_day, local_day
from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json
from headrace.evidence.commitment import salt_for
from headrace.facts.corrections import as_of as stood_at
from headrace.facts.corrections import known_by
from headrace.facts.ingest import Ingested, ingest
from headrace.facts.kinds import CREDIT_RECORD, INVOICE, PARTY, RATE_RESPONSE
from headrace.facts.parties import is_firm
from headrace.facts.rules import CONSENT_WITHDRAWN
from headrace.features.compile import compile_plan
from headrace.features.engines.batch import read
from headrace.features.plan import make_plan
from headrace.graph.trade import TradeGraph, party_measures, trade_graph
from headrace.pack import Lending, Pack, Text
from headrace.workflows.book_report import frontier_table, stress_table
from headrace.workflows.contract_check import Checked, check_contracts
from headrace.workflows.contracts import (
    CONTRACTS_FILE,
    Offered,
    contract_table,
    offer,
    without,
    written,
)
from headrace.workflows.graph_features import relation_features
from headrace.workflows.industry import industries, names
from headrace.workflows.invoices import invoice_history
from headrace.workflows.lend import LendSettings, Lent, Market, decisions_sheet, lend
from headrace.workflows.policy import Policy, parse_policy
from headrace.workflows.ports import Folder, Formats, Progress, Source
from headrace.workflows.prove import Recorder
from headrace.workflows.report import report_model
from headrace.workflows.result import RunResult
from headrace.workflows.score import Scored, ScoreSettings, score
from headrace.workflows.summary import about, contract_headings, headings, summary

STEPS = {
    "simulate": Text("Simulated economy", "模拟经济体"),
    "facts": Text("Facts", "事实"),
    "graph": Text("Relations", "关系"),
    "features": Text("Features", "指标"),
    "scores": Text("Scores", "评分"),
    "decisions": Text("Decisions", "决策"),
    "contracts": Text("Contracts", "合同"),
    "report": Text("Report", "报告"),
    "evidence": Text("Evidence", "存证"),
}
AS_OF_FIRST, AS_OF_LAST = date(1900, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True)
class Signer:
    """Who signs the evidence.

    Attributes:
        private: The Ed25519 seed, 32 bytes.
        name: Origin of the log, printable ASCII without blanks.
    """

    private: bytes = field(repr=False)
    name: str

    @property
    def salt_secret(self) -> bytes:
        """The secret that the salts of commitments are derived from."""
        return salt_for(self.private, "headrace salts")


@dataclass(frozen=True)
class Output:
    """Where a run writes, how, and who signs."""

    folder: Folder
    formats: Formats
    signer: Signer


@dataclass(frozen=True)
class RunSettings:
    """What a caller may change about a run.

    Attributes:
        as_of: The day whose end the run knows everything up to; None: when the last fact or
            correction became known.
        language: "zh" or "en": the language the report opens in, and of the headings.
        score: About scoring.
        lend: About the book.
        policy: The user's own, see `parse_policy`; None: as the pack ships it.
        code: Version and digest of the code that runs, for the evidence.
        withdrawn: Consents that nobody may rest on: facts that do are left out, into quarantine.
    """

    as_of: date | None = None
    language: str = "zh"
    score: ScoreSettings = field(default_factory=ScoreSettings)
    lend: LendSettings = field(default_factory=LendSettings)
    policy: Policy | None = None
    code: Mapping[str, str] = field(default_factory=dict)
    withdrawn: frozenset[str] = frozenset()


def run(
    source: Source, pack: Pack, output: Output, settings: RunSettings, progress: Progress
) -> RunResult:
    """Run the whole job and leave a folder that can be verified.

    Raises:
        HeadraceError: If the pack does not lend, a source cannot be used, a term leaks, or no book
            is feasible.
    """
    policy = settings.policy or parse_policy(pack)
    recorder = Recorder(output.folder, output.signer.name, output.signer.salt_secret)
    desk = _Desk(pack, policy, output, settings, recorder)
    progress.begin("facts")
    zone = source.mapping.time_zone
    ingested = take_facts(source, output, recorder, settings.code, settings.withdrawn)
    moment = _moment(ingested, settings.as_of, zone)
    progress.end("facts", f"{ingested.facts[INVOICE.kind].num_rows:,}")
    progress.begin("graph")
    graph = desk.build_graph(ingested, moment)
    progress.end("graph", f"{graph.trades.num_rows:,}")
    progress.begin("features")
    features = desk.compute_features(ingested, graph, moment, zone)
    progress.end("features", f"{features.num_rows:,} × {features.num_columns - 2}")
    progress.begin("scores")
    scored = desk.score(features, ingested, moment)
    quality = scored.validation
    progress.end("scores", "" if quality is None else f"AUC {quality.auc.value:.3f}")
    progress.begin("decisions")
    market = desk.market(features, scored, ingested, moment, zone)
    lent = desk.decide(market, names(ingested.facts[PARTY.kind]))
    progress.end("decisions", f"{lent.outcomes['approve']:,} / {features.num_rows:,}")
    progress.begin("contracts")
    offered, checked = desk.offer(lent, names(ingested.facts[PARTY.kind]), local_day(moment, zone))
    progress.end("contracts", f"{len(offered.contracts):,}")
    progress.begin("report")
    result = RunResult(
        source=source.mapping.name,
        simulated=source.mapping.simulated,
        pack=pack,
        zone=zone,
        as_of=moment,
        ingested=ingested,
        graph=graph,
        market=market,
        lent=lent,
        offered=offered,
        checked=checked,
        digest=desk.digest,
        origin=output.signer.name,
        entries=recorder.size + 1,
    )
    desk.write_report(result)
    progress.end("report", "report.html")
    progress.begin("evidence")
    checkpoint = recorder.finish(output.signer.private)
    progress.end("evidence", f"{checkpoint.size:,}")
    return replace(result, entries=checkpoint.size, root=checkpoint.root.hex())


def take_facts(
    source: Source,
    output: Output,
    recorder: Recorder,
    code: Mapping[str, str],
    withdrawn: frozenset[str] = frozenset(),
) -> Ingested:
    """Ingest a source but for what rests on consents withdrawn, store its facts, record that."""
    ingested = ingest(source.tables(), source.mapping, withdrawn)
    # Of consents that no fact names the run is independent, and its evidence too.
    by_consent = pc.equal(ingested.quarantine["rule"], CONSENT_WITHDRAWN.name)
    left_out = ingested.quarantine.filter(by_consent)
    named = sorted(pc.unique(left_out["value"]).to_pylist())
    told = hashlib.sha256(canonical_json(named)).hexdigest()
    consents = {"consents withdrawn": told} if named else {}
    accounts = ingested.reconciliation
    written = output.formats.facts(output.folder, ingested)
    recorder.record(
        "facts",
        inputs=source.file_digests(),
        definitions={**code, **source.definition_digests(), **consents},
        outputs=written,
        facts={
            "accepted": sum(each.accepted for each in accounts),
            "duplicates": sum(each.duplicates for each in accounts),
            "quarantined": sum(each.quarantined for each in accounts),
            **({"consent_withdrawn": left_out.num_rows} if named else {}),
        },
    )
    return ingested


def _moment(ingested: Ingested, day: date | None, zone: str) -> datetime:
    """The end of the day asked for, or when the last invoice or correction became known.

    Raises:
        InputError: If there is no invoice at all, or none known by then.
    """
    invoices, corrections = ingested.facts[INVOICE.kind], ingested.corrections
    if not invoices.num_rows:
        raise InputError(
            "no invoice was accepted, so there is nothing to decide on",
            where="facts of kind invoice",
            remedy="look at quarantine.csv in the output folder and at the mapping",
        )
    if day is None:
        latest = pc.max(invoices["known_time"]).as_py()
        voids = corrections.filter(pc.is_valid(corrections["known_time"]))
        last = [latest, *([pc.max(voids["known_time"]).as_py()] if voids.num_rows else [])]
        moment: datetime = max(last).astimezone(UTC)
        return moment
    if not AS_OF_FIRST <= day <= AS_OF_LAST:
        raise InputError(
            f"nobody decides as of {day}", where="--as-of", remedy=f"{AS_OF_FIRST} to {AS_OF_LAST}"
        )
    moment = end_of_day(day, zone)
    first = pc.min(invoices["known_time"]).as_py()
    if moment < first:
        raise InputError(
            f"nothing was known by {day}",
            where="--as-of",
            remedy=f"the first invoice became known on {local_day(first, zone)}",
        )
    return moment


def _parties(ingested: Ingested) -> tuple[str, ...]:
    """Every firm with a party fact or an invoice, in natural order: E2 before E10."""
    described = ingested.facts[PARTY.kind]
    found: set[str] = set()
    for facts in (described.filter(is_firm(described)), ingested.facts[INVOICE.kind]):
        found |= set(pc.unique(pc.cast(facts["party"], pa.string())).to_pylist())
    return tuple(sorted(found, key=_natural))


def _natural(text: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", text)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts]


@dataclass
class _Desk:
    """One run at work: writes each step's files and records its evidence."""

    pack: Pack
    policy: Policy
    output: Output
    settings: RunSettings
    recorder: Recorder
    digest: str = ""

    @property
    def lending(self) -> Lending:
        """How the pack lends."""
        return self.pack.require_lending()

    def build_graph(self, ingested: Ingested, moment: datetime) -> TradeGraph:
        """Relations as of the moment."""
        standing = stood_at(ingested.facts[INVOICE.kind], ingested.corrections, moment)
        graph = trade_graph(standing)
        tables = {
            "trades": graph.trades,
            "same_papers": graph.same_papers,
            "hidden": graph.hidden,
            "identities": graph.identities,
            "two_way": graph.two_way,
            "rings": graph.rings,
        }
        self._write_step(
            "graph",
            {f"graph/{name}.parquet": self._parquet(table) for name, table in tables.items()},
            {name: table.num_rows for name, table in tables.items()},
        )
        return graph

    def compute_features(
        self, ingested: Ingested, graph: TradeGraph, moment: datetime, zone: str
    ) -> pa.Table:
        """Features from events and from the graph."""
        parties = _parties(ingested)
        compiled = compile_plan(make_plan(self.pack.feature_set.in_zone(zone)))
        history = invoice_history(ingested.facts[INVOICE.kind], ingested.corrections)
        asked = pa.table(
            {
                "party": pa.array(parties, pa.string()),
                "as_of": pa.array([moment] * len(parties), pa.timestamp("us", "UTC")),
            }
        )
        table = read(compiled, history, asked, at=moment).table
        measures = party_measures(graph, parties)
        ties = relation_features(ingested.facts, parties, moment)
        for values in (measures, ties):
            for name in values.column_names[1:]:
                table = table.append_column(name, values[name])
        aloud = "\n".join(f"{f.name}: {f.read_aloud()}" for f in self.pack.features)
        self._write_step(
            "features",
            {"features.parquet": self._parquet(table)},
            {"parties": table.num_rows, "features": table.num_columns - 2},
            {"features": aloud.encode(), "feature_set": repr(self.pack.feature_set).encode()},
        )
        return table

    def score(self, features: pa.Table, ingested: Ingested, moment: datetime) -> Scored:
        """Scores, and the card that gave them, from the credit records known at the moment."""
        records = ingested.facts[CREDIT_RECORD.kind]
        known = records.filter(known_by(records, moment))
        scored = score(features, known, self.lending, self.settings.score)
        parties = features["party"].to_pylist()
        self._write_step(
            "scores",
            {
                "scorecard.json": scored.card.to_json().encode(),
                "scores.parquet": self._parquet(scored.table(parties)),
            },
            {"rows": scored.card.rows, "defaults": scored.card.defaults},
            {
                "card": repr(scored.card.spec).encode(),
                "settings": repr(self.settings.score).encode(),
            },
        )
        return scored

    def market(
        self, features: pa.Table, scored: Scored, ingested: Ingested, moment: datetime, zone: str
    ) -> Market:
        """Everything there is to decide on, as known at the moment."""
        parties = features["party"].to_pylist()
        described = ingested.facts[PARTY.kind]
        known = described.filter(known_by(described, moment))
        found = industries(parties, known, self.policy.words)
        curves, day = ingested.facts[RATE_RESPONSE.kind], local_day(moment, zone)
        return Market(features, tuple(found), scored, curves, day)

    def decide(self, market: Market, named: Mapping[str, str]) -> Lent:
        """The book, and a record of every decision."""
        card = hashlib.sha256(market.scored.card.to_json().encode()).hexdigest()
        versions = {**self.settings.code, "scorecard": card}
        lent = lend(market, self.policy, self.lending.scale, self.settings.lend, versions)
        records = [(each.decision_id, each.to_json_bytes()) for each in lent.decisions]
        self.digest = hashlib.sha256(b"\n".join(record for _, record in records)).hexdigest()
        sheet = decisions_sheet(lent, market, named)
        formats = self.output.formats
        self._write_step(
            "decisions",
            {
                "decisions.parquet": self._parquet(sheet),
                "decisions.csv": formats.sheet(sheet),
                "decisions.xlsx": formats.workbook(sheet, headings(self.settings.language)),
                "frontier.csv": formats.sheet(frontier_table(lent)),
                "stress.csv": formats.sheet(stress_table(lent)),
            },
            dict(sorted(lent.outcomes.items())),
            self.policy.files,
        )
        self.recorder.record_decisions(records)
        return lent

    def offer(self, lent: Lent, named: Mapping[str, str], day: date) -> tuple[Offered, Checked]:
        """What the approved firms would sign, and the money that comes of it month by month."""
        standard = self.policy.standard
        offered = offer(lent.decisions, standard, float(lent.economics.lgd), day)
        checked = check_contracts(offered, standard)
        offered = without(offered, checked.refused)
        sheet, formats = contract_table(offered, named), self.output.formats
        self._write_step(
            "contracts",
            {
                "contracts.parquet": self._parquet(sheet),
                "contracts.csv": formats.sheet(sheet),
                "contracts.xlsx": formats.workbook(
                    sheet, contract_headings(self.settings.language)
                ),
                "cash_flow.csv": formats.sheet(offered.cash_flow),
                "contract_findings.csv": formats.sheet(checked.findings),
                CONTRACTS_FILE: written(offered.contracts),
            },
            {
                "contracts": sheet.num_rows,
                "refused": len(checked.refused),
                "months": offered.cash_flow.num_rows,
            },
            {"contract.toml": self.policy.files["contract.toml"]},
        )
        return offered, checked

    def write_report(self, result: RunResult) -> None:
        """What people open, and what `explain` needs to compute a decision again."""
        model = report_model(result, self.settings.code, self.settings.lend.profit_share_min)
        settings = canonical_json(about(result, self.settings.code)) + b"\n"
        figures = canonical_json(summary(result)) + b"\n"
        page = self.output.formats.report(model, self.settings.language)
        self._write_step(
            "report", {"report.html": page, "summary.json": figures, "run.json": settings}, {}
        )

    def _parquet(self, table: pa.Table) -> bytes:
        return self.output.formats.parquet(table)

    def _write_step(
        self,
        step: str,
        files: Mapping[str, bytes],
        facts: Mapping[str, str | int],
        definitions: Mapping[str, bytes] | None = None,
    ) -> None:
        """Write a step's files and record them, with the digests of what they were made by."""
        for name, data in files.items():
            self.output.folder.write(name, data)
        self.recorder.record(
            step,
            inputs={},
            definitions={
                name: hashlib.sha256(content).hexdigest()
                for name, content in (definitions or {}).items()
            },
            outputs=list(files),
            facts=facts,
        )

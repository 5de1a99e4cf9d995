"""The report as data: everything a page shows, computed once, with nothing left to the page."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.clock import local_day
from headrace.facts.kinds import INVOICE, PARTY
from headrace.facts.rules import RULES
from headrace.features.definition import Feature
from headrace.graph.trade import TradeGraph
from headrace.pack import Pack, Text
from headrace.scores.rating import RatingScale
from headrace.scores.straight_card import Scorecard
from headrace.scores.validation.figures import Figure
from headrace.scores.validation.straight import Validation
from headrace.scores.watch.stability import population_stability
from headrace.workflows.book_report import (
    book_section,
    contracts_section,
    firm_pages,
    frontier_section,
    stress_section,
)
from headrace.workflows.industry import attribute, names
from headrace.workflows.invoices import months
from headrace.workflows.lend import UNCERTAINTY
from headrace.workflows.result import RunResult
from headrace.workflows.score import Scored

Model = dict[str, Any]
PARTNERS_SHOWN = 8
POINTS_STEP = 25


def both(text: Text) -> Model:
    """A text in both languages."""
    return {"en": text.en, "zh": text.zh}


def report_model(result: RunResult, code: Mapping[str, str], profit_share_min: float) -> Model:
    """The whole report.

    Args:
        result: What the run found.
        code: Version and digest of the code.
        profit_share_min: The lender's dial that the run was made with.
    """
    pack, market = result.pack, result.market
    lending = pack.require_lending()
    return {
        "meta": _meta(result, code),
        "facts": facts_section(result),
        "graph": graph_section(result.graph),
        "score": score_section(market.scored, lending.scale, pack.features),
        "book": book_section(result.lent, market, lending.reasons),
        "frontier": frontier_section(result.lent, profit_share_min),
        "contracts": contracts_section(result.offered),
        "stress": stress_section(result.lent),
        "units": units_section(pack),
        "firms": firm_pages(result.lent, market, lending.reasons, _own(result)),
    }


def _meta(result: RunResult, code: Mapping[str, str]) -> Model:
    return {
        "title": both(result.pack.title),
        "source": result.source,
        "simulated": result.simulated,
        "as_of": local_day(result.as_of, result.zone).isoformat(),
        "currency": result.lent.economics.currency,
        "pack": result.pack.name,
        "version": code.get("headrace", ""),
        "cautions": [both(caution) for caution in result.pack.cautions],
        "evidence": {
            "entries": result.entries,
            "origin": result.origin,
            "note": {
                "en": f"Digest of all decisions: {result.digest}. Code: {code.get('code', '')}.",
                "zh": f"全部决策的摘要：{result.digest}。代码摘要：{code.get('code', '')}。",
            },
        },
    }


def _own(result: RunResult) -> Callable[[int, str], Model]:
    """What a firm's page shows beside its decision and score."""
    named = names(result.ingested.facts[PARTY.kind])
    regions = attribute(result.ingested.facts[PARTY.kind], "region")
    parties = result.market.features["party"].to_pylist()
    by_month = history(result, parties)
    traded = partners(result.graph, parties)
    columns = result.market.features.column_names[2:]
    rows = result.market.features.to_pylist()
    rings: dict[str, list[int]] = defaultdict(list)
    for ring in result.graph.rings.select(["ring", "parties"]).to_pylist():
        for party in ring["parties"]:
            rings[party].append(ring["ring"])

    def own(row: int, party: str) -> Model:
        return {
            "name": named.get(party, ""),
            "region": regions.get(party),
            "features": plain_row(rows[row], columns),
            "months": by_month[party],
            "partners": traded[party],
            "rings": rings[party],
        }

    return own


def facts_section(result: RunResult) -> Model:
    """Reconciliation, rules that changed or set aside rows, corrections, months."""
    ingested = result.ingested
    kinds = pc.cast(ingested.corrections["kind"], pa.string()).to_pylist()
    rules = pc.cast(ingested.corrections["rule"], pa.string()).to_pylist()
    counted: dict[tuple[str, str], int] = defaultdict(int)
    for pair in zip(kinds, rules, strict=True):
        counted[pair] += 1
    return {
        "reconciliation": [
            {
                "table": each.table,
                "file": each.file,
                "kind": each.kind,
                "rows": each.rows,
                "accepted": each.accepted,
                "duplicates": each.duplicates,
                "quarantined": each.quarantined,
            }
            for each in ingested.reconciliation
        ],
        "notes": [
            {
                "rule": note.rule.name,
                "table": note.table,
                "rows": note.rows,
                "example": note.example,
                "effect": note.rule.effect.value,
                "en": note.rule.en,
                "zh": note.rule.zh,
            }
            for note in ingested.notes
        ],
        "corrections": [
            {"kind": kind, "rule": rule, "count": count, "en": RULES[rule].en, "zh": RULES[rule].zh}
            for (kind, rule), count in sorted(counted.items())
        ],
        "months": _months(result),
    }


def graph_section(graph: TradeGraph) -> Model:
    """What the relation graph shows: its size, the edges both sides confirm, rings."""
    return {
        "trades": graph.trades.num_rows,
        "counterparties": len(pc.unique(graph.trades["counterparty"])),
        "components": graph.components,
        "same_papers": graph.same_papers.num_rows,
        "self_invoices": graph.self_invoices.num_rows,
        "identities": graph.identities.num_rows,
        "hidden": graph.hidden.select(["seller", "buyer", "invoices", "amount_minor"]).to_pylist(),
        "two_way": graph.two_way.to_pylist(),
        "rings": [
            {
                "parties": ring["parties"],
                "rounds": ring["rounds"],
                "amount_minor": ring["amount_minor"],
                "first": ring["first_time"].date().isoformat(),
                "last": ring["last_time"].date().isoformat(),
            }
            for ring in graph.rings.to_pylist()
        ],
    }


def score_section(scored: Scored, scale: RatingScale, features: Sequence[Feature]) -> Model:
    """Quality of the card with intervals, the card itself, and what to be careful about."""
    named = {feature.name: feature for feature in features}
    section: Model = {
        "rows": scored.card.rows,
        "defaults": scored.card.defaults,
        "scale": [
            {"class": name, "pd_max": bound}
            for name, bound in zip(scale.classes, scale.pd_max, strict=True)
        ],
        "distribution": _distribution(scored),
        "card": [_card_line(scored, named, k) for k in range(len(scored.card.names))],
        "agreement": _agreement(scored, scale.classes),
        "leaks": [
            {"feature": leak.feature, "rule": leak.rule, "en": leak.en, "zh": leak.zh}
            for leak in scored.leaks
        ],
        "drift": _drift(scored, named),
    }
    if scored.validation is not None:
        section |= validation_section(scored.validation, scored)
    return section


def validation_section(validation: Validation, scored: Scored) -> Model:
    """Out-of-fold figures, calibration bins and the ROC curve."""
    from sklearn.metrics import roc_curve  # noqa: PLC0415 - half a second that few wait for

    outcome = scored.outcome[scored.outcome >= 0]
    false_positive, true_positive, _ = roc_curve(outcome, validation.predictions)
    return {
        "auc": _figure(validation.auc),
        "brier": _figure(validation.brier),
        "ks": validation.ks,
        "slope": validation.slope,
        "auc_spread": validation.auc_spread,
        "repeats": validation.repeats,
        "folds": validation.folds,
        "bins": [
            {
                "predicted": each.predicted,
                "observed": each.observed,
                "firms": each.firms,
                "low": each.low,
                "high": each.high,
            }
            for each in validation.bins
        ],
        "roc": np.round(np.column_stack([false_positive, true_positive]), 4).tolist(),
    }


def units_section(pack: Pack) -> Model:
    """What each feature is called, how it is printed, and its definition read aloud."""
    uncertainty = {
        "en": "Little known of firms like this",
        "zh": "此类企业样本不足",
        "unit": "ratio",
        "definition": "averaging over what the coefficients of the card may be",
    }
    return {UNCERTAINTY: uncertainty} | {
        feature.name: {
            "en": feature.en,
            "zh": feature.zh,
            "unit": feature.unit.value,
            "definition": feature.read_aloud(),
        }
        for feature in pack.features
    }


def history(result: RunResult, parties: Sequence[str]) -> dict[str, list[list[Any]]]:
    """Per party: [month, sales, purchases] of standing invoices, red letters taken off."""
    cells: dict[str, dict[str, list[int]]] = {party: {} for party in parties}
    for row in _per_month(result, ["party"]):
        cell = cells[row["party"]].setdefault(row["month"], [0, 0])
        cell[0 if row["direction"] == "sale" else 1] += row["amount_minor"]
    return {party: [[month, *each[month]] for month in each] for party, each in cells.items()}


def _per_month(result: RunResult, by: Sequence[str] = ()) -> list[dict[str, Any]]:
    invoices, corrections = result.ingested.facts[INVOICE.kind], result.ingested.corrections
    return months(invoices, corrections, result.as_of, result.zone, by)


def partners(graph: TradeGraph, parties: Sequence[str]) -> dict[str, list[Model]]:
    """Per party: its largest customers and suppliers, and who of them applies as well."""
    identified = dict(
        zip(
            graph.identities["code"].to_pylist(), graph.identities["party"].to_pylist(), strict=True
        )
    )
    shown: dict[str, list[Model]] = {party: [] for party in parties}
    for row in _largest(graph.trades, PARTNERS_SHOWN).to_pylist():
        if row["party"] in shown:
            shown[row["party"]].append(
                {
                    "name": row["counterparty"],
                    "direction": row["direction"],
                    "amount_minor": row["amount_minor"],
                    "invoices": row["invoices"],
                    "party": identified.get(row["counterparty"]),
                }
            )
    return shown


def _largest(trades: pa.Table, count: int) -> pa.Table:
    """The largest rows of each party and direction, the largest of all first."""
    columns = ["party", "counterparty", "direction", "amount_minor", "invoices"]
    rows = trades.select(columns).sort_by(
        [
            ("party", "ascending"),
            ("direction", "ascending"),
            ("amount_minor", "descending"),
            ("counterparty", "ascending"),
        ]
    )
    party = np.asarray(rows["party"].combine_chunks().dictionary_encode().indices)
    key = party * 2 + np.asarray(pc.equal(rows["direction"], "sale"))
    place = np.arange(key.size)
    starts = np.append(True, key[1:] != key[:-1])[: key.size]
    rank = place - np.maximum.accumulate(np.where(starts, place, 0))
    return rows.filter(pa.array(rank < count)).sort_by(
        [
            ("amount_minor", "descending"),
            ("party", "ascending"),
            ("counterparty", "ascending"),
            ("direction", "ascending"),
        ]
    )


def plain_row(row: Mapping[str, Any], names: Iterable[str]) -> Model:
    """Feature values of one row, short enough to embed: six significant digits."""
    return {name: None if row[name] is None else float(f"{row[name]:.6g}") for name in names}


def _months(result: RunResult) -> list[Model]:
    rows: dict[str, Model] = {}
    for each in _per_month(result):
        row = rows.setdefault(
            each["month"],
            {"month": each["month"], "sales_minor": 0, "purchases_minor": 0, "invoices": 0},
        )
        sale = each["direction"] == "sale"
        row["sales_minor" if sale else "purchases_minor"] += each["amount_minor"]
        row["invoices"] += each["invoices"]
    return list(rows.values())


def _figure(figure: Figure) -> Model:
    return {"value": figure.value, "low": figure.low, "high": figure.high}


def _distribution(scored: Scored) -> list[Model]:
    at = np.floor(scored.points / POINTS_STEP).astype(np.int64)
    if not at.size:
        return []
    return [
        {
            "from": step * POINTS_STEP,
            "to": (step + 1) * POINTS_STEP,
            "repaid": int(np.sum((at == step) & (scored.outcome == 0))),
            "default": int(np.sum((at == step) & (scored.outcome == 1))),
            "unknown": int(np.sum((at == step) & (scored.outcome < 0))),
        }
        for step in range(int(at.min()), int(at.max()) + 1)
    ]


def _card_line(scored: Scored, features: Mapping[str, Feature], k: int) -> Model:
    name = scored.card.names[k]
    column = scored.terms[:, k]
    known = column[~np.isnan(column)]
    marks = np.quantile(known, (0.1, 0.5, 0.9)) if known.size else np.full(3, np.nan)
    x = np.tile(np.array(scored.card.median), (3, 1))
    x[:, k] = marks
    points = scored.card.points_by_term(x)[:, k]
    raw = _untransformed(scored.card, k, marks)
    named = features.get(name)
    line: Model = {
        "feature": name,
        "en": named.en if named else name,
        "zh": named.zh if named else name,
        "unit": named.unit.value if named else "ratio",
        "coefficient": scored.card.coefficient[k],
    }
    for mark, value, point in zip(("p10", "p50", "p90"), raw, points, strict=True):
        line[f"value_{mark}"] = None if np.isnan(value) else float(value)
        line[f"points_{mark}"] = None if np.isnan(point) else round(float(point), 1)
    return line


def _untransformed(card: Scorecard, k: int, values: Any) -> Any:
    return np.exp(values) if card.spec.terms[k].transform.value == "log" else values


def _agreement(scored: Scored, classes: tuple[str, ...]) -> Model | None:
    """How our classes fall against the rating the bank gave; a check, never an input."""
    given = sorted(set(scored.given_rating.tolist()) - {""})
    if not given:
        return None
    return {
        "classes": list(classes),
        "given": given,
        "counts": [
            [
                int(np.sum((scored.rating == ours) & (scored.given_rating == theirs)))
                for theirs in given
            ]
            for ours in classes
        ],
    }


def _drift(scored: Scored, named: Mapping[str, Feature]) -> list[Model]:
    """Stability of each term between the firms the card learnt from and the others."""
    labelled = scored.outcome >= 0
    if not labelled.any() or labelled.all():
        return []
    lines = []
    for k, name in enumerate(scored.card.names):
        psi = population_stability(scored.terms[labelled, k], scored.terms[~labelled, k])
        feature = named.get(name)
        lines.append(
            {
                "feature": name,
                "en": feature.en if feature else name,
                "zh": feature.zh if feature else name,
                "psi": round(psi, 4),
            }
        )
    return sorted(lines, key=lambda line: (-line["psi"], line["feature"]))

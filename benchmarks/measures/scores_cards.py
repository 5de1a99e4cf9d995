"""Points cards measured: how well they rank and are calibrated, and how fast they score.

    python benchmarks/scores.py --only scores.card

Quality is that of the whole procedure: bins, features, penalty and calibration are chosen anew
inside each training fold, with the settings as shipped. The AUC to compare with other people's is
the mean over the folds; its interval is DeLong's, of the pooled predictions out of fold.
"""

import hashlib
import json
import subprocess
import tempfile
import time
import timeit
from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from measures.found import DisagreementError, Found
from measures.score_sets import DATA, SETS, ScoreSet, cumcm
from numpy.typing import NDArray

from headrace.packs.sme_invoices.card import CARD
from headrace.scores.cards.codec import card_digest, card_from_json, card_to_json
from headrace.scores.cards.fitting import CardSettings, fit_card
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.cards.prepared import PreparedCard, Scored, prepare
from headrace.scores.cards.reasons import rank_reasons
from headrace.scores.straight_card import terms_of
from headrace.scores.validation.figures import auc_interval, brier, calibration_line
from headrace.scores.validation.nested import Functions, Rows, out_of_fold
from headrace.scores.validation.splits import Splits, SplitSettings, given, split
from headrace.scores.validation.straight import validate

OPTBINNING = Path(__file__).parents[1] / "peers" / ".venv-optbinning" / "bin" / "python"
SCRIPT = Path(__file__).parents[1] / "peers" / "optbinning_card.py"
SEED = 1
PROCEDURE = Functions(
    fitting=lambda rows: fit_card(rows.x, rows.y, CardSettings(), seed=SEED),
    predicting=lambda card, x: card.probability(x),
)


def quality(name: str, folds: int, repeats: int, peer_rows: int) -> Found | None:
    """AUC, Brier and calibration of cards out of fold, rows dealt at random.

    Args:
        name: Of the set.
        folds: Of each deal.
        repeats: Deals.
        peer_rows: Rows that optbinning scores at once, on the same folds; 0: no peer.
    """
    if not DATA.is_dir():
        return None
    data = SETS[name]()
    dealt = split(data.y, groups=data.groups, settings=SplitSettings(folds, repeats))
    figures, digest = _measured(data, dealt)
    if peer_rows and OPTBINNING.exists():
        figures |= _optbinning(data, dealt, peer_rows)
    return Found(figures, digest)


def out_of_time(name: str) -> Found | None:
    """The same, trained on earlier rows and tested on later ones, as the set's users split it."""
    data = SETS[name]() if DATA.is_dir() else None
    if data is None or data.out_of_time is None:
        return None
    return Found(*_measured(data, given([data.out_of_time], "out of time", "时间外")))


def straight(repeats: int) -> Found | None:
    """The card of straight terms that the pack of small firms ships, on the firms it was made for.

    Args:
        repeats: Deals of the firms to five folds.

    Returns:
        None where the invoices are absent.
    """
    if not DATA.is_dir():
        return None
    firms = cumcm()
    found = validate(terms_of(firms.table, CARD.terms), firms.y, CARD, seed=7, repeats=repeats)
    figures = {
        "auc": found.auc.value,
        "auc_low": found.auc.low,
        "auc_high": found.auc.high,
        "brier": found.brier.value,
        "calibration_slope": found.slope,
    }
    return Found(figures, hashlib.sha256(found.predictions.tobytes()).hexdigest())


def _measured(data: ScoreSet, dealt: Splits) -> tuple[dict[str, float], str]:
    began = time.process_time()
    done = out_of_fold(PROCEDURE, Rows(data.features, data.y), dealt)
    seconds = time.process_time() - began
    area = auc_interval(done.y, done.predicted)
    line = calibration_line(done.y, done.mean)
    figures = {
        "auc": float(np.mean(done.fold_auc)),
        "auc_fold_spread": float(np.std(done.fold_auc)),
        "auc_pooled": area.value,
        "auc_low": area.low,
        "auc_high": area.high,
        "brier": brier(done.y, done.mean).score,
        "calibration_slope": line.slope.value,
        "calibration_slope_low": line.slope.low,
        "calibration_slope_high": line.slope.high,
        "seconds_per_fit": seconds / len(dealt.folds),
    }
    return figures, hashlib.sha256(done.predicted.tobytes()).hexdigest()


def _optbinning(data: ScoreSet, dealt: Splits, rows: int) -> dict[str, float]:
    """Its scorecard on the same folds."""
    columns = {
        name: data.features[name].cast(pa.string())
        if pa.types.is_dictionary(data.features[name].type)
        else data.features[name]
        for name in data.features.column_names
    }
    folds = [{"train": f.train.tolist(), "test": f.test.tolist()} for f in dealt.folds]
    with tempfile.TemporaryDirectory() as folder:
        table, said = Path(folder) / "table.parquet", Path(folder) / "folds.json"
        pq.write_table(pa.table({**columns, "y": data.y}), table)
        said.write_text(json.dumps(folds), encoding="utf-8")
        command = [OPTBINNING, SCRIPT, table, said, str(rows)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    theirs = json.loads(done.stdout.splitlines()[-1])
    return {
        "optbinning_auc": float(np.mean(theirs["auc"])),
        "optbinning_seconds_per_fit": float(np.mean(theirs["fit_seconds"])),
        "optbinning_rows_seconds": theirs["rows_seconds"] * 1_000_000 / rows,
        "optbinning_one_row_seconds": theirs["one_row_seconds"],
    }


# --- speed ----------------------------------------------------------------------------------------


def made(rows: int, features: int) -> tuple[pa.Table, NDArray[np.int64]]:
    """Applicants with features of which most say something and some values are missing."""
    rng = np.random.default_rng(7)
    common = rng.normal(size=rows)
    columns = {}
    for at in range(features):
        column = 0.4 * common + rng.normal(size=rows)
        column[rng.random(rows) < 0.02] = np.nan
        columns[f"feature_{at:02d}"] = pa.array(column)
    y = (rng.random(rows) < 1 / (1 + np.exp(2.0 + 1.5 * common))).astype(np.int64)
    return pa.table(columns), y


def speed(rows: int, features: int, times: int) -> Found:
    """Seconds to score a table with its reasons, and one applicant at a time.

    Saved and loaded the card must give the same bits, and one by one the same as the table.
    """
    table, y = made(rows, features)
    learnt = min(rows, 20_000)
    card = fit_card(table.slice(0, learnt), y[:learnt], CardSettings(), seed=SEED)
    loaded = card_from_json(card_to_json(card))
    ranking, single = rank_reasons(card), prepare(card)
    score = _best(lambda: card.score(table), times)
    probability = card.probability(table)
    if loaded.probability(table).tobytes() != probability.tobytes():
        raise DisagreementError("cards: loaded, a card scores otherwise")
    reasons = _best(lambda: ranking.places(card.codes(table)), 1)
    few = table.select(list(card.features)).slice(0, 1_000)
    mappings = [
        {name: None if np.isnan(value) else value for name, value in row.items()}
        for row in few.to_pylist()
    ]
    applicants = [tuple(row.values()) for row in mappings]
    totals = card.score(few)
    if [single.score(each).points for each in applicants] != totals.tolist():
        raise DisagreementError("cards: one by one, applicants have other points")
    return Found(
        {
            "rows_seconds": score,
            "reasons_rows_seconds": reasons,
            "one_row_seconds": _each(single.score, applicants, times),
            "one_row_mapping_seconds": _each(single.score_mapping, mappings, times),
            "one_row_plain_seconds": _plain(card, single, applicants, times),
            "features": float(len(card.lines)),
        },
        card_digest(card),
    )


def _best(done: Callable[[], Any], times: int) -> float:
    done()
    return min(timeit.repeat(done, number=1, repeat=times))


def _each(score: Callable[[Any], Any], applicants: list[Any], times: int) -> float:
    """Seconds an applicant, called one by one from Python; the best of some rounds."""

    def once() -> None:
        for each in applicants:
            score(each)

    once()
    return min(timeit.repeat(once, number=1, repeat=10 * times)) / len(applicants)


def _plain(card: PointsCard, single: PreparedCard, applicants: list[Any], times: int) -> float:
    """The other way: no compiled loop, bounds searched by `bisect` in a list comprehension."""
    shift, limit, *rest = single.table.tolist()
    starts, numbers = rest[: len(card.lines) + 1], rest[len(card.lines) + 1 :]
    bounds = single.bounds.tolist()
    lines, at = [], 0
    for low, high in pairwise(starts):
        size = high - low + 2
        lines.append((tuple(bounds[low:high]), numbers[at + 1 : at + size], numbers[at]))
        at += size
    outcomes, reasons, mask = single.outcomes, single.reasons, (1 << shift) - 1

    def score(values: tuple[float | None, ...]) -> Scored:
        found = [
            aside if value is None else of[bisect_right(cuts, value)]
            for (cuts, of, aside), value in zip(lines, values, strict=True)
        ]
        total = sum([each & mask for each in found])
        found.sort()
        first = tuple([reasons[each >> shift] for each in found[:4] if each >> shift < limit])
        return Scored(*outcomes[total], first)

    if any(score(each) != single.score(each) for each in applicants[:100]):
        raise DisagreementError("cards: plain Python scores otherwise")
    return _each(score, applicants, times)

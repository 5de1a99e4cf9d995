"""From features and credit records to a calibrated score of every firm."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.facts.kinds import CREDIT_RECORD
from headrace.pack import Lending
from headrace.scores.leakage.check import find_leaks
from headrace.scores.leakage.findings import Leak, refuse
from headrace.scores.straight_card import CardSpec, Floats, Scorecard, Term, terms_of
from headrace.scores.straight_fitting import fit
from headrace.scores.validation.straight import Validation, validate

SEED_MAX = 2**32 - 1  # what the generators underneath take


@dataclass(frozen=True)
class ScoreSettings:
    """What a caller may change about scoring.

    Attributes:
        seed: Deals firms to folds and draws the bootstrap.
        repeats: Deals of the repeated cross-validation.
        card: A card fitted before; None fits one on the labelled firms of this run.
        extra_terms: Fields to add to the card, by name or Chinese label.
        allow_leakage: Go on where the leakage check would refuse, and say so.
    """

    seed: int = 7
    repeats: int = 20
    card: Scorecard | None = None
    extra_terms: tuple[str, ...] = ()
    allow_leakage: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: If a setting is out of its range.
        """
        if not 0 <= self.seed <= SEED_MAX:
            raise InputError(f"{self.seed} is no seed", where="--seed", remedy=f"0 to {SEED_MAX}")
        if self.repeats < 1:
            raise InputError("validation takes a repeat", where="--repeats", remedy="1 or more")
        if self.card is not None and self.extra_terms:
            raise InputError(
                "a card fitted before cannot be added to",
                where="--scorecard and --add-term",
                remedy="give one of them",
            )


@dataclass(frozen=True)
class Scored:
    """Scores of all parties, in the order of the feature table.

    Attributes:
        card: The card used.
        validation: Its out-of-fold quality; None where a card was brought along.
        leaks: What the leakage check found and was told to let pass.
        terms: Raw terms, (n, k), NaN where missing.
        probability: Of default, (n,).
        low: Lower end of its 95 % interval, (n,).
        high: Upper end, (n,).
        points: Total points, (n,).
        points_by_term: Above or below the mean applicant, (n, k).
        points_of_uncertainty: What not knowing the coefficients exactly adds or takes, (n,).
        rating: Class, (n,).
        outcome: 1 default, 0 repaid, -1 not known, (n,).
        given_rating: The bank's own rating where the source has one, else "", (n,).
    """

    card: Scorecard
    validation: Validation | None
    leaks: tuple[Leak, ...]
    terms: Floats
    probability: Floats
    low: Floats
    high: Floats
    points: Floats
    points_by_term: Floats
    points_of_uncertainty: Floats
    rating: NDArray[np.str_]
    outcome: NDArray[np.int64]
    given_rating: NDArray[np.str_]

    def table(self, parties: Sequence[str]) -> pa.Table:
        """Scores as a table: one row a party; points per term in columns `points.<feature>`."""
        columns = {
            "party": pa.array(parties, pa.string()),
            "probability": self.probability,
            "probability_low": self.low,
            "probability_high": self.high,
            "points": self.points,
            "rating_class": pa.array(self.rating.tolist(), pa.string()),
            "outcome": pa.array(self.outcome, mask=self.outcome < 0),
        }
        for position, name in enumerate(self.card.names):
            columns[f"points.{name}"] = self.points_by_term[:, position]
        columns["points.uncertainty"] = self.points_of_uncertainty
        return pa.table(columns)


def score(
    features: pa.Table, credit_records: pa.Table, lending: Lending, settings: ScoreSettings
) -> Scored:
    """Check for leakage, validate, fit and score.

    Raises:
        LeakageError: If a term knows the outcome and leakage is not allowed.
        InputError: If there is neither a card nor enough labelled firms to fit one.
    """
    parties = features["party"].to_pylist()
    outcome, given = _labels(credit_records, parties)
    table, spec, after = _with_extras(features, given, lending.card, settings.extra_terms)
    if settings.card is not None:
        spec = settings.card.spec
    x = terms_of(table, spec.terms)
    if settings.card is None:
        _require_labels(outcome[outcome >= 0], spec)
    labelled = outcome >= 0
    y = outcome[labelled]
    names = [term.feature for term in spec.terms]
    # On a handful of labels, which only a card brought along allows, anything ranks perfectly.
    telling = labelled if _enough(y, spec) else np.zeros_like(labelled)
    columns = dict(zip(names, x[telling].T, strict=True))
    leaks = find_leaks(columns, outcome[telling], after)
    if not settings.allow_leakage:
        refuse(leaks)
    if settings.card is not None:
        card, validation = settings.card, None
    else:
        validation = validate(x[labelled], y, spec, settings.seed, settings.repeats)
        card = fit(x[labelled], y, spec, settings.seed)
    low, high = card.interval(x)
    probability = card.probability(x)
    return Scored(
        card=card,
        validation=validation,
        leaks=leaks,
        terms=x,
        probability=probability,
        low=low,
        high=high,
        points=card.points(x),
        points_by_term=card.points_by_term(x),
        points_of_uncertainty=card.points_of_uncertainty(x),
        rating=lending.scale.rate(probability),
        outcome=outcome,
        given_rating=given,
    )


def _labels(
    credit_records: pa.Table, parties: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Outcome and given rating per party; a party with any default counts as defaulted."""
    index = {party: position for position, party in enumerate(parties)}
    outcome = np.full(len(parties), -1, np.int64)
    given = [""] * len(parties)
    columns = [_texts(credit_records[name]) for name in ("party", "outcome", "rating")]
    for party, result, rating in zip(*columns, strict=True):
        at = index.get(party)
        if at is not None:
            outcome[at] = max(outcome[at], int(result == "default"))
            given[at] = rating or given[at]  # the last one known
    return outcome, np.array(given, dtype=np.str_)


def _with_extras(
    features: pa.Table, given: NDArray[np.str_], spec: CardSpec, extras: tuple[str, ...]
) -> tuple[pa.Table, CardSpec, set[str]]:
    """The feature table and card with the fields that were asked for, and which of them leak."""
    after = {field.name for field in CREDIT_RECORD.fields if field.known_after_outcome}
    rating = CREDIT_RECORD.field("rating")
    own = {term.feature for term in spec.terms}
    terms = list(spec.terms)
    for extra in dict.fromkeys(rating.name if each == rating.zh else each for each in extras):
        if extra == rating.name:
            classes = sorted(set(given.tolist()) - {""})
            code = [float(classes.index(each)) if each else None for each in given.tolist()]
            features = features.append_column(rating.name, pa.array(code, pa.float64()))
            terms.append(Term(rating.name))
        elif extra in features.column_names[2:] and extra not in own:
            terms.append(Term(extra))
        else:
            free = [name for name in features.column_names[2:] if name not in own]
            raise InputError(
                f"{extra!r} cannot be added to the scorecard",
                where="--add-term",
                remedy=f"one of {[*free, rating.name, rating.zh]}",
            )
    changed = replace(spec, terms=tuple(terms))
    return features, changed, after


def _require_labels(y: NDArray[np.int64], spec: CardSpec) -> None:
    """There are labels enough to fit.

    Raises:
        InputError: Saying how many there are and what would be enough.
    """
    if not _enough(y, spec):
        least = 2 * spec.inner_folds
        raise InputError(
            f"{y.size} firms have a credit record, {int(y.sum())} of them with a default: "
            "too few to fit",
            where="facts of kind credit_record",
            remedy=f"at least {least} defaults and {least} repaid loans, "
            "or a card fitted elsewhere: --scorecard scorecard.json",
        )


def _enough(y: NDArray[np.int64], spec: CardSpec) -> bool:
    """Cross-validation puts `inner_folds` or more of each outcome into every inner training set."""
    bad = int(y.sum())
    return min(bad, y.size - bad) >= 2 * spec.inner_folds


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    plain: list[str | None] = pc.cast(column, pa.string()).to_pylist()
    return plain

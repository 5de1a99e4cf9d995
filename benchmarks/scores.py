"""Scores measured: binning, cards, trees, the leakage check, watching, learnt representations.

    python benchmarks/scores.py [--quick] [--json] [--strict] [--only TEXT]

On five real sets (../shared/data) where they are, and on made-up rows for speed; optbinning runs in
an environment of its own (`make bench-peers`) on the same rows and folds. What is absent is left
out. Each measurement is a process of its own. --quick takes small ones. Each result is {metric,
value, unit, bar, holds, peers, hash, data, command}; `peers` are in the unit of the value, `bar` is
null where nothing was promised.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "peers"))  # for peer.py, which measures import

from measures import (
    scores_binning,
    scores_boosting,
    scores_cards,
    scores_deep,
    scores_leakage,
    scores_watch,
)
from measures.commandline import parser, run
from measures.parts import Part, Subject

UNITS = {
    "bias_loans": "loans",
    "months": "months",
    "rows_per_second": "rows/s",
    "per_second": "rows/s",
    "speed_ratio": "x",
    "seconds_per_fit": "s",
    "seconds": "s",
}
"""By how a metric ends; others are shares, counts, or areas under a curve."""

SETS = ("german", "taiwan", "sba", "smesd", "cumcm")
QUESTIONS = tuple(question.name for question in scores_binning.QUESTIONS)
QUALITY = {
    "auc_low": None, "auc_high": None, "brier": None, "calibration_slope": None,
    "seconds_per_fit": None,
}  # fmt: skip
OPTBINNING_CARD = {
    "auc": {"optbinning": "optbinning_auc"},
    "seconds_per_fit": {"optbinning": "optbinning_seconds_per_fit"},
}


def _trees(name: str, bar: float | None = None) -> dict[str, tuple[str, float] | None]:
    """The figures of boosted trees on a set."""
    best = None if bar is None else (">=", bar)
    return {f"{name}_auc": best} | {
        f"{name}_{each}": None for each in ("auc_low", "auc_high", "brier", "slope")
    }


DEEP = {
    "rare": "Taiwan's cards, 1 % bad",
    "noisy": "Taiwan's cards, a fifth of the training labels turned",
    "smesd": "SMEsD, official split less the shared companies",
    "whole": "Taiwan's cards",
}
"""What each case of learnt representations is."""

PARTS = (
    Part(
        "binning", scores_binning.beside_optbinning, (SETS, QUESTIONS),
        (("german",), ("descending", "defaults", "shipped")),
        "{columns:,.0f} columns; information value beside optbinning's, same pre-bins and"
        " constraints, and each with its own; `shipped` keeps a monotone trend on purpose",
        {"equal_or_better_share": (">=", 1), "defaults_better_share": None,
         "shipped_equal_or_better_share": None},
    ),
    Part(
        "binning_100k", scores_binning.speed, (100_000, 7), (5_000, 2),
        "{0:,} rows of a number, a twentieth missing, and of 40 categories",
        {"income_seconds": None, "income_speed_ratio": (">=", 3), "grade_seconds": None,
         "grade_speed_ratio": (">=", 3)},
        peers={"income_seconds": {"optbinning": "income_optbinning_seconds"},
               "grade_seconds": {"optbinning": "grade_optbinning_seconds"}},
    ),
    Part(
        "binning_1m", scores_binning.speed, (1_000_000, 3), None,
        "{0:,} rows of a number, a twentieth missing, and of 40 categories",
        {"income_seconds": ("<=", 1), "income_speed_ratio": None, "grade_seconds": ("<=", 1)},
        peers={"income_seconds": {"optbinning": "income_optbinning_seconds"},
               "grade_seconds": {"optbinning": "grade_optbinning_seconds"}},
    ),
    Part(
        "card_german", scores_cards.quality, ("german", 5, 3, 100_000), ("german", 5, 1, 0),
        "German credit, {1} folds dealt {2} times; bins, selection and penalty anew in each fold",
        {"auc": (">=", 0.792), **QUALITY}, OPTBINNING_CARD,
    ),
    Part(
        "card_taiwan", scores_cards.quality, ("taiwan", 5, 1, 100_000), None,
        "Taiwan's cards, {1} folds; bins, selection and penalty anew in each fold",
        {"auc": (">=", 0.767), **QUALITY}, OPTBINNING_CARD,
    ),
    Part(
        "card_sba", scores_cards.out_of_time, ("sba",), None,
        "SBA, approvals up to 2004, then 2005 to 2007; without `term`",
        {"auc": None, **QUALITY},
    ),
    Part(
        "card_cumcm", scores_cards.straight, (20,), (1,),
        "CUMCM 2020-C, 123 firms, the card of the pack without the rating, 5 folds dealt {0} times",
        {"auc": (">=", 0.90), "auc_low": None, "auc_high": None, "brier": None,
         "calibration_slope": None},
    ),
    Part(
        "card", scores_cards.speed, (1_000_000, 20, 7), (5_000, 5, 2),
        "{0:,} made-up applicants, {features:,.0f} features; one alone from Python, with reasons",
        {"rows_seconds": ("<=", 0.5), "one_row_seconds": ("<=", 5e-6),
         "one_row_mapping_seconds": ("<=", 5e-6), "reasons_rows_seconds": None},
        peers={"one_row_seconds": {"bisect": "one_row_plain_seconds"}},
    ),
    Part(
        "boosting", scores_boosting.measure_taiwan, (scores_boosting.TAIWAN.trees,), None,
        "Taiwan's cards, 5 folds, copies in one fold; calibrated within",
        _trees("taiwan", 0.784) | _trees("taiwan_ratios", 0.784)
        | _trees("taiwan_monotone_unprotected"),
    ),
    Part(
        "boosting", scores_boosting.measure_sba, (scores_boosting.SBA.trees,), None,
        "SBA, approvals up to 2004, then 2005 to 2007; without `term`",
        _trees("sba_plain") | _trees("sba_lender") | _trees("sba_rated", 0.68)
        | {"sba_gain": None, "sba_gain_low": None, "sba_gain_high": None},
    ),
    Part(
        "boosting", scores_boosting.measure_speed, (10_000, 200), (500, 20),
        "{0:,} made-up rows of 20 features, {1} trees of 15 leaves, one thread",
        {"scores_per_second": None, "score_one_seconds": None, "shap_rows_per_second": None},
        peers={"shap_rows_per_second": {"lightgbm": "shap_lightgbm_rows_per_second"}},
    ),
    Part(
        "leakage", scores_leakage.real_columns, (), None,
        "five real sets, nothing declared: {real_leaks_refused:,.0f} leaks that must be found",
        {"real_honest": None, "real_honest_refused": ("<=", 0), "real_honest_warned": None},
    ),
    Part(
        "leakage", scores_leakage.simulated,
        (scores_leakage.SIZES, scores_leakage.SEEDS), ((300,), 1),
        "made-up books of {0} loans, {1} seeds each",
        {"planted": None, "planted_refused": None, "honest": None, "honest_refused": ("<=", 0),
         "honest_warned": None, "look_ahead": None, "look_ahead_found": None},
    ),
    Part(
        "leakage", scores_leakage.engine, (123,), None,
        "features of the pack on CUMCM invoices at two moments, with and without what came later",
        {"engine_features": None, "engine_looking_ahead": ("<=", 0)},
    ),
    Part(
        "watch", scores_watch.psi, (400,), (20,),
        "months of a score, nothing moved or 0.3 deviations, {0} draws",
        {"psi_still_100_rule_0.1": None, "psi_still_100_ours": None,
         "psi_still_1000_ours": None, "psi_moved_1000_rule_0.1": None,
         "psi_moved_1000_ours": None},
    ),
    Part(
        "watch", scores_watch.calibration, (400,), (8,),
        "two years of months, nothing moved or odds 1.5 times as high, {0} draws",
        {"calibration_false_monthly_share": None, "calibration_false_share": None,
         "calibration_found_e_value_share": None, "calibration_found_detector_share": None,
         "calibration_detector_months": None},
    ),
    Part(
        "watch", scores_watch.delay, (100,), (3,), "young vintages completed, {0} draws",
        {"delay_alike_covered_share": None, "delay_alike_unripe_as_good_bias_loans": None},
    ),
    Part(
        "", scores_watch.fairness, ("german", "age"), None,
        "German credit, approval of those aged 25 or less over that of others; what remedies cost",
        {f"fairness_german_age_{remedy}_{figure}": None
         for remedy in ("as_is", "without_age", "reweighed", "one_cut_moved")
         for figure in ("ratio_least", "loss_change", "loss_change_low", "loss_change_high")},
    ),
    Part(
        "", scores_watch.semi, (20,), None,
        "CUMCM 2020-C: 302 firms without an outcome beside 123 with one, 5 folds dealt {0} times",
        {"semi_plain_auc": None}
        | {f"semi_{way}_{figure}": None for way in ("self_training", "label_spreading")
           for figure in ("auc", "gain", "gain_low", "gain_high")},
    ),
    *(
        Part(
            f"deep_{case}", scores_deep.measure, (case, *scores_deep.FULL), None,
            f"{DEEP[case]}: {{rows:,.0f}} rows, {{bad:,.0f}} bad; learnt beside simpler models",
            {f"{model}_auc": None for model in scores_deep.MODELS}
            | {f"gain_on_{model}{end}": None for model in scores_deep.MODELS[1:]
               for end in ("", "_low", "_high")},
        )
        for case in scores_deep.CASES
    ),
)  # fmt: skip
SCORES = Subject("scores", UNITS, PARTS, width=50)


def main() -> None:
    """Measure and print."""
    given = parser(__doc__).parse_args()
    run(given, lambda: SCORES.measured(given.only, quick=given.quick), SCORES.line)


if __name__ == "__main__":
    main()

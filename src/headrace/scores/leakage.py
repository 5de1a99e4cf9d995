"""The check that runs before any card is fitted: does a feature know the outcome already?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from headrace.errors import LeakageError

SUSPICIOUS_AUC = 0.95
"""A single feature that ranks this well alone is more often a leak than a discovery."""


@dataclass(frozen=True)
class Leak:
    """One finding.

    Attributes:
        feature: The feature found.
        rule: `known_after_outcome` or `near_perfect_alone`.
        en: What was found, in English.
        zh: The same in Chinese.
    """

    feature: str
    rule: str
    en: str
    zh: str


def find_leaks(
    columns: Mapping[str, NDArray[np.float64]],
    y: NDArray[np.int64],
    known_after_outcome: Collection[str],
) -> tuple[Leak, ...]:
    """Features that must not predict this outcome.

    Args:
        columns: Raw values of the features that would enter the card, labelled firms only.
        y: 1 default, 0 repaid, in the same order.
        known_after_outcome: Features that their schema marks as formed after the outcome.
    """
    leaks = []
    for name, value in columns.items():
        if name in known_after_outcome:
            leaks.append(
                Leak(
                    name,
                    "known_after_outcome",
                    f"{name} was formed after the loan ended, so it nearly is the outcome",
                    f"{name} 形成于贷款结束之后，几乎就是结果本身",
                )
            )
            continue
        known = ~np.isnan(value)
        if np.unique(y[known]).size < 2:
            continue
        auc = roc_auc_score(y[known], value[known])
        alone = float(max(auc, 1 - auc))
        if alone >= SUSPICIOUS_AUC:
            leaks.append(
                Leak(
                    name,
                    "near_perfect_alone",
                    f"{name} alone ranks the outcomes with AUC {alone:.3f}",
                    f"仅凭 {name} 一项排序的 AUC 就达 {alone:.3f}",
                )
            )
    return tuple(leaks)


def refuse(leaks: Collection[Leak]) -> None:
    """Stop the run if anything leaks.

    Raises:
        LeakageError: Naming each feature and its rule.
    """
    if leaks:
        raise LeakageError(
            "the leakage check refuses this run: " + "; ".join(leak.en for leak in leaks),
            where=", ".join(f"{leak.feature} ({leak.rule})" for leak in leaks),
            remedy="leave the feature out, or run with --allow-leakage to see how wrong "
            "the figures become",
        )

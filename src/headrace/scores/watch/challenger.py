"""Champion against challenger (冠军与挑战者) on the same applicants.

Both score everybody, so that differences are taken row by row: their intervals are far narrower
than two separate ones would suggest. Four outcomes: better, worse, alike (no difference worth a
change), not yet known; and for the last one, how many more labels it may take.

The decision rests on the Brier score, which falls if ranks or calibration get better. Its interval
is one that may be looked at every month (an asymptotic confidence sequence, Waudby-Smith and others
2024): whoever looks at an ordinary 95 % interval until it leaves 0 will see it leave 0. The AUC's
ordinary interval (DeLong and others 1988) is given beside it, and a challenger that surely ranks
worse is not called better.

Who was refused has no outcome, and where the champion did the refusing its ranks are blunted among
those whom it approved: an equal challenger then seems 0.015 of AUC better (simulated, 60 %
approved), while the Brier score is not fooled. `selected` says so. The swap sets say how many rows
nobody knows; a few refused applicants accepted by lot would tell.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from headrace.errors import InputError
from headrace.scores.validation import comparing
from headrace.scores.validation.figures import Figure, auc_interval, z_of
from headrace.scores.watch.outcomes import Flags, Floats, Ints, refuse_rows
from headrace.scores.watch.shares import Share, share
from headrace.scores.watch.three_numbers import (
    Approved,
    Changes,
    Lending,
    ThreeNumbers,
    changes,
    three_numbers,
)


class Verdict(Enum):
    """What may be said of the challenger."""

    BETTER = "better"
    WORSE = "worse"
    ALIKE = "alike"
    NOT_YET_KNOWN = "not_yet_known"


VERDICTS = {
    Verdict.BETTER: ("the challenger is better", "挑战者更优"),
    Verdict.WORSE: ("the challenger is worse", "挑战者更差"),
    Verdict.ALIKE: ("no difference worth a change", "差异不足以更换"),
    Verdict.NOT_YET_KNOWN: ("not yet known", "尚无定论"),
}
"""Each in English and Chinese."""


@dataclass(frozen=True)
class Contest:
    """Applicants scored by both.

    Attributes:
        champion: Probability of default, (n,), in (0, 1).
        challenger: The same.
        y: 1 default, 0 none, -1 not known (not ripe, or refused), (n,).
    """

    champion: Floats
    challenger: Floats
    y: Ints

    def __post_init__(self) -> None:
        """Refuse what cannot be compared.

        Raises:
            InputError: If the rows differ, a probability is none, or fewer than two defaults or two
                others are known.
        """
        if not self.champion.shape == self.challenger.shape == self.y.shape == (self.y.size,):
            raise InputError(
                f"{self.champion.size} rows of the champion, {self.challenger.size} of the "
                f"challenger, {self.y.size} outcomes",
                remedy="the same applicants, in the same order",
            )
        for each in (self.champion, self.challenger):
            refuse_rows(~((each > 0) & (each < 1)), "a probability between 0 and 1, both left out")
        refuse_rows(~np.isin(self.y, (-1, 0, 1)), "1 default, 0 none, -1 not known")
        bad = int((self.y == 1).sum())
        if min(bad, int((self.y == 0).sum())) < 2:
            raise InputError(
                f"{bad} defaults among {int((self.y >= 0).sum())} known outcomes",
                remedy="two of each outcome or more: wait for labels to ripen",
            )


@dataclass(frozen=True)
class Asked:
    """What is asked of a contest, settled before it begins.

    Attributes:
        false_alarms: Chance of ever calling a challenger better, or worse, that is not; above 0, at
            most 0.5.
        tightest_at: Labels at which the interval for every month is tightest.
        worth: The least gain in the Brier score that is worth a change; 0 for any. Where the
            difference surely lies below it either way, the two are alike and the contest is over.
    """

    false_alarms: float = 0.05
    tightest_at: int = 1000
    worth: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            InputError: If one of them is out of its range.
        """
        if not (0 < self.false_alarms <= 0.5 and self.tightest_at >= 1 and self.worth >= 0):
            raise InputError(
                f"false alarms of {self.false_alarms}, tightest at {self.tightest_at} labels, "
                f"worth {self.worth}",
                remedy="above 0 and at most 0.5; 1 label or more; 0 or more",
            )


@dataclass(frozen=True)
class Comparison:
    """Champion and challenger on the labels known so far. A gain above 0 is the challenger's.

    Attributes:
        labels: Known outcomes.
        defaults: Among them.
        auc_champion: With DeLong's interval.
        auc_challenger: The same.
        auc_gain: Paired.
        brier_champion: Mean squared error.
        brier_challenger: The same.
        brier_gain: Paired; ordinary interval.
        brier_gain_anytime: The interval that decides; it may be looked at after each label.
        selected: Whether those whose outcome is known are safer or riskier, by the champion, than
            those whose outcome is not: then `auc_gain` flatters the challenger.
        verdict: What may be said.
        labels_more: Labels still needed if the true gain is the one found, or `worth` if that is
            more; None where the verdict is known, or no number would do.
    """

    labels: int
    defaults: int
    auc_champion: Figure
    auc_challenger: Figure
    auc_gain: Figure
    brier_champion: float
    brier_challenger: float
    brier_gain: Figure
    brier_gain_anytime: Figure
    selected: bool
    verdict: Verdict
    labels_more: int | None


def compare(contest: Contest, asked: Asked | None = None) -> Comparison:
    """What the labels so far say of the challenger."""
    asked = Asked() if asked is None else asked
    known = contest.y >= 0
    y, old, new = (each[known] for each in (contest.y, contest.champion, contest.challenger))
    level = 1 - asked.false_alarms
    auc = comparing.compare(y, new, old, level=level)
    gains = (old - y) ** 2 - (new - y) ** 2
    mean, deviation = float(gains.mean()), float(gains.std(ddof=1))
    ordinary = z_of(level) * deviation / float(np.sqrt(y.size))
    anytime = _reach(y.size, deviation, asked)
    brier_gain_anytime = Figure(mean, mean - anytime, mean + anytime)
    verdict = _verdict(brier_gain_anytime, auc.difference, asked.worth)
    aim = max(abs(mean), asked.worth)
    more = _labels(aim, deviation, asked) - y.size if aim > 0 else 0
    return Comparison(
        labels=int(y.size),
        defaults=int(y.sum()),
        auc_champion=auc.other,
        auc_challenger=auc.one,
        auc_gain=auc.difference,
        brier_champion=float(((old - y) ** 2).mean()),
        brier_challenger=float(((new - y) ** 2).mean()),
        brier_gain=Figure(mean, mean - ordinary, mean + ordinary),
        brier_gain_anytime=brier_gain_anytime,
        selected=_selected(contest.champion, known),
        verdict=verdict,
        labels_more=more if verdict is Verdict.NOT_YET_KNOWN and more > 0 else None,
    )


def _selected(champion: Floats, known: Flags) -> bool:
    if min(int(known.sum()), int((~known).sum())) < 2:
        return False
    apart = auc_interval(~known, champion)
    # A champion of one probability for all has an interval of no width, a rounding off 0.5.
    return not apart.low - 1e-9 <= 0.5 <= apart.high + 1e-9


def _verdict(brier: Figure, auc: Figure, worth: float) -> Verdict:
    """Better or worse by the Brier score, unless the ranks surely say the opposite."""
    if -worth < brier.low and brier.high < worth:
        return Verdict.ALIKE
    if brier.low > 0 and not auc.high < 0:
        return Verdict.BETTER
    if brier.high < 0 and not auc.low > 0:
        return Verdict.WORSE
    return Verdict.NOT_YET_KNOWN


def _reach(labels: int, deviation: float, asked: Asked) -> float:
    """Half the width of the interval for every look (Waudby-Smith and others 2024, theorem 2.2)."""
    log_inverse = -2 * np.log(asked.false_alarms)
    rho2 = (log_inverse + np.log(log_inverse) + 1) / asked.tightest_at
    grown = labels * rho2 + 1
    log_part = np.log(np.sqrt(grown) / asked.false_alarms)
    return deviation * float(np.sqrt(2 * grown / (labels**2 * rho2) * log_part))


def _labels(gain: float, deviation: float, asked: Asked) -> int:
    """Labels after which the interval is narrow enough to tell this gain from 0."""
    low, high = 1, 2
    while _reach(high, deviation, asked) > gain and high < 10**12:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _reach(middle, deviation, asked) > gain else (low, middle)
    return high


@dataclass(frozen=True)
class Swap:
    """Applicants whom both, one or none of the two would approve.

    Attributes:
        champion: Whether the champion approves them.
        challenger: Whether the challenger does.
        rows: How many.
        champion_expects: Mean probability by the champion; NaN where there are none.
        challenger_expects: The same by the challenger.
        defaulted: Share of those with known outcome, with its interval. Where only the challenger
            approves, nearly none is known: they were refused.
    """

    champion: bool
    challenger: bool
    rows: int
    champion_expects: float
    challenger_expects: float
    defaulted: Share


@dataclass(frozen=True)
class Exchange:
    """What changes for applicants and house if the challenger takes over.

    Attributes:
        swaps: Approved by both, by the champion only, by the challenger only, by none.
        champion: The three numbers as they are, expected by the champion's own probabilities.
        challenger: As they would be, expected by the challenger's own.
        changes: The one less the other, with intervals. What depends on outcomes is NaN where those
            whom only the challenger approves have none, which is the rule.
    """

    swaps: tuple[Swap, ...]
    champion: ThreeNumbers
    challenger: ThreeNumbers
    changes: Changes


def exchange(contest: Contest, old: Flags, new: Flags, lending: Lending) -> Exchange:
    """Who is approved by one only, and the three numbers of both.

    Args:
        contest: The applicants.
        old: Whom the champion's policy approves, (n,); `three_numbers.safest` takes a portion.
        new: Whom the challenger's would.
        lending: What is lent to them.
    """
    swaps = []
    for first, second in ((True, True), (True, False), (False, True), (False, False)):
        rows = (old == first) & (new == second)
        outcome = contest.y[rows]
        known = outcome >= 0
        any_rows = rows.any()
        swaps.append(
            Swap(
                champion=first,
                challenger=second,
                rows=int(rows.sum()),
                champion_expects=float(contest.champion[rows].mean()) if any_rows else np.nan,
                challenger_expects=float(contest.challenger[rows].mean()) if any_rows else np.nan,
                defaulted=share(int(outcome[known].sum()), int(known.sum())),
            )
        )
    before, after = Approved(contest.champion, old), Approved(contest.challenger, new)
    return Exchange(
        swaps=tuple(swaps),
        champion=three_numbers(before, contest.y, lending),
        challenger=three_numbers(after, contest.y, lending),
        changes=changes(after, before, contest.y, lending),
    )

"""How good alerts about fraud are on days that the model has not seen.

The protocol and the three figures are those of Le Borgne, Siblini, Lebichot and Bontempi,
"Reproducible Machine Learning for Credit Card Fraud Detection - Practical Handbook", chapters 3
(baseline system) and 4 (performance metrics):

- A model is fitted on the days of training. A fraud is not known before the days of delay have
  passed, so the test begins that much later.
- A card whose fraud is known is blocked: its payments are left out of the test from then on.
- Investigators look at so many cards a day, those whose highest score of the day is highest. What
  share of them had a fraud that day is the card precision; a card so found is left out of the days
  after. It is averaged over days.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from headrace.errors import InputError
from headrace.scores.straight_card import Floats

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Payments:
    """Payments whose outcome is known by now, one row a payment, in any order.

    Attributes:
        day: Number of the day, (n,).
        card: Number of the card or customer, (n,).
        fraud: Whether it was fraud, (n,).
    """

    day: Ints
    card: Ints
    fraud: Flags

    def __post_init__(self) -> None:
        """Refuse columns of different lengths.

        Raises:
            InputError: If they differ.
        """
        if not self.day.shape == self.card.shape == self.fraud.shape == (self.day.size,):
            raise InputError(
                f"payments have days {self.day.shape}, cards {self.card.shape} and outcomes "
                f"{self.fraud.shape}",
                remedy="one of each for every payment",
            )

    def take(self, rows: Ints) -> "Payments":
        """The payments at these rows, in their order."""
        return Payments(self.day[rows], self.card[rows], self.fraud[rows])


@dataclass(frozen=True)
class Windows:
    """Days of training, of delay and of test, one after another.

    Attributes:
        first_day: Of the training.
        train_days: 1 or more.
        delay_days: Until a fraud is known, 0 or more.
        test_days: 1 or more.
    """

    first_day: int
    train_days: int = 7
    delay_days: int = 7
    test_days: int = 7

    @property
    def test_first_day(self) -> int:
        """First day of the test."""
        return self.first_day + self.train_days + self.delay_days


def out_of_time(payments: Payments, windows: Windows) -> tuple[Ints, Ints]:
    """Rows to train on and rows to test on, each in the order they were given.

    A payment of the test is left out if its card had a fraud from the first day of training on that
    is known: made more than the days of delay before. Frauds before the training count for nothing,
    as in the handbook.

    Raises:
        InputError: If there is no payment to train or to test on.
    """
    day = payments.day - windows.first_day
    train = np.flatnonzero((day >= 0) & (day < windows.train_days))
    test_day = day - (windows.train_days + windows.delay_days)
    test = np.flatnonzero((test_day >= 0) & (test_day < windows.test_days))
    known = payments.fraud & (day >= 0)
    cards, codes = np.unique(payments.card, return_inverse=True)
    first_fraud = np.full(cards.size, np.iinfo(np.int64).max)
    np.minimum.at(first_fraud, codes[known], day[known])
    test = test[first_fraud[codes[test]] >= day[test] - windows.delay_days]
    if not train.size or not test.size:
        raise InputError(
            f"{train.size} payments to train on and {test.size} to test on, of days "
            f"{windows.first_day} to {windows.test_first_day + windows.test_days - 1}",
            remedy="windows that lie within the days of the payments",
        )
    return train, test


@dataclass(frozen=True)
class CardPrecision:
    """What investigators find who look at so many cards a day.

    Attributes:
        top: Cards a day.
        by_day: Share of those cards that had a fraud that day, a number a day.
        compromised: Cards with a fraud on any of the days.
    """

    top: int
    by_day: tuple[float, ...]
    compromised: int

    @property
    def mean(self) -> float:
        """Over days."""
        return float(np.mean(self.by_day))

    @property
    def best(self) -> float:
        """What the mean cannot exceed, for a card is found once."""
        looks = self.top * len(self.by_day)
        return min(self.compromised, looks) / looks


def card_precision(payments: Payments, score: Floats, top: int = 100) -> CardPrecision:
    """Card precision at `top`, day by day; of cards with equal scores the lower number is first.

    Args:
        payments: Of the test.
        score: Higher is more suspicious, (n,).
        top: Cards that are looked at a day, 1 or more. Where fewer paid, it still divides by this.
    """
    found = np.zeros(0, np.int64)
    shares = []
    for day in np.unique(payments.day):
        rows = np.flatnonzero((payments.day == day) & ~np.isin(payments.card, found))
        cards, codes = np.unique(payments.card[rows], return_inverse=True)
        highest = np.full(cards.size, -np.inf)
        np.maximum.at(highest, codes, score[rows])
        hit = np.zeros(cards.size, np.bool_)
        np.logical_or.at(hit, codes, payments.fraud[rows])
        looked = np.argsort(-highest, kind="stable")[:top]
        new = cards[looked][hit[looked]]
        found = np.concatenate([found, new])
        shares.append(new.size / top)
    compromised = np.unique(payments.card[payments.fraud]).size
    return CardPrecision(top, tuple(shares), int(compromised))


@dataclass(frozen=True)
class AlertQuality:
    """The three figures.

    Attributes:
        auc: Area under the ROC curve, over payments.
        average_precision: Mean of the precision at each fraud found, over payments.
        cards: Card precision.
    """

    auc: float
    average_precision: float
    cards: CardPrecision


def alert_quality(payments: Payments, score: Floats, top: int = 100) -> AlertQuality:
    """How well scores tell the frauds among payments of the test.

    Args:
        payments: Of the test.
        score: Higher is more suspicious, (n,).
        top: Cards that are looked at a day.

    Raises:
        InputError: If the payments are all fraud or all genuine.
    """
    frauds = int(payments.fraud.sum())
    if frauds in (0, payments.fraud.size):
        raise InputError(
            f"{frauds} of {payments.fraud.size} payments of the test are fraud: nothing to tell",
            remedy="a test with both frauds and genuine payments",
        )
    return AlertQuality(
        auc=float(roc_auc_score(payments.fraud, score)),
        average_precision=float(average_precision_score(payments.fraud, score)),
        cards=card_precision(payments, score, top),
    )

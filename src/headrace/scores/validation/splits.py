"""Which rows a score is fitted on and which it is tested on; the split says what it did.

Where rows have a time, the test is later than the training: that is how a score will be used. Where
they have groups, no group is on both sides. Only rows with neither are dealt at random.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError

Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows of one fit and its test.

    Attributes:
        train: Row numbers, rising.
        test: The same.
    """

    train: Ints
    test: Ints


@dataclass(frozen=True, eq=False)
class Splits:
    """All folds and what they are.

    Attributes:
        rule: `out_of_time`, `grouped`, `repeated` or `given`.
        folds: Each a fit and its test.
        repeats: How often every row is tested, where it is tested.
        en: What was done, one sentence or two.
        zh: The same in Chinese.
    """

    rule: str
    folds: tuple[Fold, ...]
    repeats: int
    en: str
    zh: str


@dataclass(frozen=True)
class SplitSettings:
    """What a caller may say about a split.

    Attributes:
        folds: Parts that rows are dealt to, or later windows that are tested, 2 or more; 1 for one
            window.
        repeats: Deals at random, where rows have no time.
        test_share: Of rows with a time, the share that is tested, the latest, in (0, 1).
        maturity_days: Days after the decision until an outcome is known: rows of that many days
            before a test are not trained on, for their outcome was not known.
        seed: Of the deals, 0 or more.
    """

    folds: int = 5
    repeats: int = 1
    test_share: float = 0.3
    maturity_days: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InputError: If a setting is out of its range; it names the setting and the range.
        """
        for name, least in {"folds": 1, "repeats": 1, "maturity_days": 0, "seed": 0}.items():
            if getattr(self, name) < least:
                raise InputError(
                    f"a split cannot have {name} = {getattr(self, name)}",
                    where=f"SplitSettings.{name}",
                    remedy=f"{least} or more",
                )
        if not 0 < self.test_share < 1:
            raise InputError(
                f"a split cannot test a share of {self.test_share}",
                where="SplitSettings.test_share",
                remedy="above 0 and below 1",
            )


def split(
    y: Ints,
    times: Days | None = None,
    groups: Ints | None = None,
    settings: SplitSettings | None = None,
) -> Splits:
    """The honest split of these rows: out of time if they have times, grouped if they have groups.

    Args:
        y: 1 bad, 0 good, (n,).
        times: Day of the decision, (n,).
        groups: Rows with one number belong together, (n,): loans of one firm, copies of one row.
        settings: As they are if None.

    Raises:
        InputError: If there are too few rows to split, a row has no time where others have one, or
            there is not one time or group for every row.
    """
    chosen = settings or SplitSettings()
    if not y.size:
        raise InputError("there are no rows to split", remedy="rows with outcomes")
    for name, part in (("times", times), ("groups", groups)):
        if part is not None and part.shape != y.shape:
            raise InputError(f"{part.size} {name} for {y.size} rows", remedy="one for every row")
    if times is None:
        return dealt(y, groups, chosen)
    if np.isnat(times).any():
        row = int(np.flatnonzero(np.isnat(times))[0])
        raise InputError("a row has no time", where=f"row {row}", remedy="a day for every row")
    return out_of_time(times, _cuts(times, chosen), groups, chosen.maturity_days)


def _cuts(times: Days, settings: SplitSettings) -> list[np.datetime64]:
    """Days at which windows of about equal numbers of rows begin, over the tested share."""
    at = 1 - settings.test_share * np.arange(settings.folds, 0, -1) / settings.folds
    ordered = np.sort(times.astype("datetime64[D]"))
    found = {ordered[int(np.ceil(share * ordered.size)) - 1] + 1 for share in at}
    return sorted(each for each in found if each <= ordered[-1])


def out_of_time(
    times: Days,
    cuts: Sequence[np.datetime64],
    groups: Ints | None = None,
    maturity_days: int = 0,
    until: np.datetime64 | None = None,
) -> Splits:
    """One fold a cut: trained on what was decided and known before it, tested from it on.

    A row is trained on if its time + `maturity_days` is not after the cut; tested are the rows
    from the cut to the next one, or to `until` (not included). A group that is tested is not
    trained on.

    Raises:
        InputError: If a fold has nothing to train or to test on; it says which.
    """
    day = times.astype("datetime64[D]")
    if not cuts:
        raise InputError("no day parts these rows", remedy="times that differ")
    ends = [*cuts[1:], day.max() + 1 if until is None else until]
    folds, young, shared = [], 0, 0
    for cut, end in zip(cuts, ends, strict=True):
        test = (day >= cut) & (day < end)
        before = day < cut
        known = before & (day + maturity_days <= cut)
        train = known if groups is None else known & ~np.isin(groups, np.unique(groups[test]))
        young, shared = young + int((before & ~known).sum()), shared + int((known & ~train).sum())
        folds.append(Fold(np.flatnonzero(train), np.flatnonzero(test)))
        _require(folds[-1], f"cut {cut}")
    first, last = cuts[0], ends[-1] - 1
    en = f"out of time: {len(folds)} window(s) from {first} to {last}, each fitted on what was "
    en += f"decided before it and known {maturity_days} days later"
    zh = f"跨期验证：{first} 至 {last} 共 {len(folds)} 个窗口，每个窗口只用此前决策、"
    zh += f"且 {maturity_days} 天后结果已知的样本训练"
    en += f"; {young} row(s) left out of training as not yet known"
    zh += f"；因结果尚未知而不参与训练 {young} 行"
    if groups is not None:
        en += f", {shared} as their group is tested"
        zh += f"，因同组样本在测试集而剔除 {shared} 行"
    return Splits("out_of_time", tuple(folds), 1, en, zh)


def dealt(y: Ints, groups: Ints | None, settings: SplitSettings) -> Splits:
    """Rows, or whole groups, dealt to folds at random, each fold with its share of the bad.

    Groups are dealt largest first, those of equal size by their number of bad rows, in turns to
    and fro, in an order drawn anew for each repeat.

    Raises:
        InputError: If there are fewer folds than 2, or fewer rows of an outcome or groups than
            folds.
    """
    number = np.arange(y.size) if groups is None else np.unique(groups, return_inverse=True)[1]
    size, bad = np.bincount(number), np.bincount(number, y).astype(np.int64)
    rarer = min(int((bad > 0).sum()), int((bad < size).sum()))
    count = settings.folds
    if count < 2 or rarer < count:
        what = "rows" if groups is None else "groups with rows"
        raise InputError(
            f"{rarer} {what} of the rarer outcome cannot be dealt to {count} folds",
            where="SplitSettings.folds",
            remedy=f"2 to {rarer} folds" if rarer > 1 else "more rows",
        )
    rng = np.random.default_rng(settings.seed)
    to_and_fro = np.concatenate([np.arange(count), np.arange(count)[::-1]])
    folds = []
    for _ in range(settings.repeats):
        order = np.lexsort((rng.random(size.size), bad, -size))
        of = np.zeros(size.size, np.int64)
        of[order] = rng.permutation(count)[to_and_fro[np.arange(size.size) % (2 * count)]]
        at = of[number]
        folds += [Fold(np.flatnonzero(at != k), np.flatnonzero(at == k)) for k in range(count)]
    rule = "repeated" if groups is None else "grouped"
    what = f"{y.size} rows" if groups is None else f"{size.size} groups of {y.size} rows"
    what_zh = f"{y.size} 行" if groups is None else f"{y.size} 行（{size.size} 组，同组不拆开）"
    en = f"{rule}: {what} dealt at random to {count} folds, {settings.repeats} time(s); rows have "
    en += "no time, so nothing is said of later ones"
    zh = f"随机{'分层' if groups is None else '分组'}交叉验证：{what_zh}分为 {count} 折，"
    zh += f"重复 {settings.repeats} 次；样本无时间，不能说明今后的表现"
    return Splits(rule, tuple(folds), settings.repeats, en, zh)


def given(pairs: Sequence[tuple[Ints, Ints]], en: str, zh: str) -> Splits:
    """A split that somebody else made, as it was published.

    Raises:
        InputError: If a fold has nothing to train or to test on, or a row is on both sides.
    """
    folds = tuple(Fold(np.sort(train), np.sort(test)) for train, test in pairs)
    for number, fold in enumerate(folds):
        _require(fold, f"fold {number}")
        both = np.intersect1d(fold.train, fold.test)
        if both.size:
            raise InputError(
                f"{both.size} rows are trained on and tested", where=f"fold {number}, row {both[0]}"
            )
    return Splits("given", folds, 1, en, zh)


def _require(fold: Fold, where: str) -> None:
    if not fold.train.size or not fold.test.size:
        raise InputError(
            f"{fold.train.size} rows to train on and {fold.test.size} to test on",
            where=where,
            remedy="a cut inside the times, and no more days of maturity than lie before it",
        )

"""When a value was known, what it is counted from, and whether it only tells when."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from headrace.scores.leakage.alone import strength
from headrace.scores.leakage.findings import Leak
from headrace.scores.leakage.sample import Days, Floats, Ints, Sample, is_text, numbers
from headrace.scores.validation.figures import auc, checked, like_groups, placements

FOLLOWS_REFUSED, FOLLOWS_WARNED = 0.8, 0.6  # rank correlation with the time until the outcome
REFERENCE_REFUSED, REFERENCE_WARNED = 0.9, 0.75  # AUC of the reference date alone
MOVED = 0.2  # how differently bad and good move between cohorts, as an AUC
SIGNIFICANT = 5.0  # standard deviations
ROWS_LEAST = 30
WINDOWS = 10
TELLS = 0.65  # AUC from which it is asked whether a feature only tells when


def known_late(sample: Sample, name: str) -> list[Leak]:
    """Values that became known only after the decision they are used in."""
    if sample.decided is None or name not in sample.known:
        return []
    late = sample.known[name] > sample.decided  # False where a date is not known
    count = int(late.sum())
    if not count:
        return []
    days = (sample.known[name][late] - sample.decided[late]).astype("timedelta64[D]")
    middle = float(np.median(days.astype(np.int64)))
    share = count / sample.y.size
    en = f"{count} value(s) of {name} ({share:.1%}) were known after the decision, by {middle:.0f} "
    en += "days in the middle"
    zh = f"{name} 有 {count} 个值（{share:.1%}）在决策之后才可知，中位数晚 {middle:.0f} 天"
    evidence = (("share_late", share), ("days_late", middle))
    return [Leak(name, "known_after_decision", en, zh, evidence)]


def follows_outcome(sample: Sample, name: str) -> list[Leak]:
    """Among the bad, a feature that follows how long it took: nobody knew that at the decision.

    Held against each other are bad rows of one tenth of the decisions: what stands for the date of
    the decision follows the time until the default too, where data end on one day.
    """
    column = sample.column(name)
    if sample.decided is None or sample.ended is None or is_text(column):
        return []
    values = numbers(column)
    kept = (sample.y == 1) & ~np.isnat(sample.ended) & ~np.isnat(sample.decided)
    kept &= np.isfinite(values)
    if kept.sum() < ROWS_LEAST:
        return []
    took = (sample.ended[kept] - sample.decided[kept]).astype("timedelta64[D]").astype(np.float64)
    day = sample.decided[kept].astype("datetime64[D]").astype(np.float64)
    rho = rank_correlation(values[kept], took, like_groups(day, np.ones(day.size), WINDOWS))
    if abs(rho) < FOLLOWS_WARNED:
        return []
    en = f"among defaults {name} follows the time until the default (rank correlation {rho:+.2f}), "
    en += "which nobody knew at the decision"
    zh = f"在违约样本中，{name} 与距违约的时间高度相关（秩相关 {rho:+.2f}），而决策时无人知道该时间"
    refuses = abs(rho) >= FOLLOWS_REFUSED
    return [Leak(name, "follows_the_outcome", en, zh, (("rank_correlation", rho),), refuses)]


def rank_correlation(one: Floats, other: Floats, group: Ints) -> float:
    """Correlation of the ranks that rows have within their group (Spearman 1904)."""
    from scipy.stats import rankdata  # noqa: PLC0415 - half a second that few wait for

    ranks = np.zeros((2, one.size))
    for each in np.unique(group):
        own = group == each
        for row, values in enumerate((one, other)):
            rank = rankdata(values[own])
            ranks[row, own] = rank - rank.mean()
    spread = np.sqrt((ranks**2).sum(axis=1)).prod()
    return float(ranks[0] @ ranks[1] / spread) if spread > 0 else 0.0


def tells_when(sample: Sample, name: str) -> list[Leak]:
    """A feature that ranks rows of all years but not those of one time: it stands for the date.

    It warns: the share of bad changes over the years, and will change again.
    """
    column = sample.column(name)
    if sample.decided is None or is_text(column):
        return []
    values, day = numbers(column), sample.decided.astype("datetime64[D]").astype(np.int64)
    kept = np.isfinite(values) & ~np.isnat(sample.decided)
    y, values = sample.y[kept], values[kept]
    if min(int(y.sum()), int((1 - y).sum())) < ROWS_LEAST:
        return []
    window = like_groups(day[kept].astype(np.float64), np.ones(y.size), WINDOWS)
    whole, inside = auc(y, values), within(y, values, window)
    if abs(whole - 0.5) < TELLS - 0.5 or abs(inside - 0.5) > abs(whole - 0.5) / 2:
        return []
    en = f"{name} ranks with AUC {whole:.3f} over all times but {inside:.3f} among rows of one "
    en += "time: it stands for when, not for who"
    zh = f"{name} 在全部时间上的 AUC 为 {whole:.3f}，而在同一时期内仅 {inside:.3f}："
    zh += "它反映的是时间而不是主体"
    evidence = (("auc", whole), ("auc_within_time", inside))
    return [Leak(name, "tells_when", en, zh, evidence, refuses=False)]


def within(y: Ints, values: Floats, group: Ints) -> float:
    """AUC over pairs of a bad and a good row of the same group; 0.5 if there are none."""
    right, pairs = 0.0, 0
    for each in range(int(group.max()) + 1):
        own = group == each
        bad = int(y[own].sum())
        count = bad * (int(own.sum()) - bad)
        if count:
            right, pairs = right + count * auc(y[own], values[own]), pairs + count
    return right / pairs if pairs else 0.5


def counted_back(sample: Sample) -> list[Leak]:
    """Ages and months since that are counted back from a date which depends on the outcome.

    Counted from the bankruptcy of the bankrupt and from the day the data were drawn for the others,
    a duration tells which of the two it was. What is wrong is the date, so all durations counted
    from it are found together: by the date itself, where it is given, or by cohorts of time. From
    one cohort to the next all firms move alike, if all are observed at its end; where defaults
    are counted from their own dates, they alone move. With neither, nobody can tell: it warns.
    """
    names = [name for name in sample.table.column_names if name in sample.durations]
    names = [name for name in names if name not in sample.known_after_outcome]
    if not names:
        return []
    if sample.reference is not None:
        return _by_reference(sample, sample.reference, names)
    if sample.cohort is not None:
        return _by_cohorts(sample, sample.cohort, names)
    en = "{} is counted back from a date that was not given: whether it depends on the outcome "
    en += "cannot be told"
    zh = "{} 以某一日期倒推计算，但未给出该日期，无法判断其是否取决于结果"
    return _each(names, "reference_unknown", lambda name: (en.format(name), zh.format(name)), ())


def _each(
    names: list[str],
    rule: str,
    said: Callable[[str], tuple[str, str]],
    evidence: tuple[tuple[str, float], ...],
    *,
    refuses: bool = False,
) -> list[Leak]:
    return [Leak(name, rule, *said(name), evidence, refuses) for name in names]


def _by_reference(sample: Sample, reference: Days, names: list[str]) -> list[Leak]:
    known = ~np.isnat(reference)
    y = sample.y[known]
    if not 0 < y.sum() < y.size:
        return []
    days = reference[known].astype("datetime64[D]").astype(np.int64)
    alone = strength(pa.array(days), y)
    if alone < REFERENCE_WARNED:
        return []
    middle = [np.datetime64(int(np.median(days[y == each])), "D") for each in (1, 0)]
    en = f"{{}} is counted back from a date that ranks the outcomes with AUC {alone:.3f}: "
    en += f"{middle[0]} in the middle for defaults, {middle[1]} for the others"
    zh = f"{{}} 的倒推起点日期本身排序的 AUC 就达 {alone:.3f}："
    zh += f"违约样本中位数 {middle[0]}，其他 {middle[1]}"
    return _each(
        names,
        "counted_back",
        lambda name: (en.format(name), zh.format(name)),
        (("auc_of_reference", alone),),
        refuses=alone >= REFERENCE_REFUSED,
    )


def _by_cohorts(sample: Sample, cohort: Ints, names: list[str]) -> list[Leak]:
    moves = {name: _moves(sample, cohort, name) for name in names}
    found = {name: move for name, move in moves.items() if move is not None}
    if not found:
        return []
    shown = max(found, key=lambda name: abs(found[name][0] - found[name][1]))
    bad, good, z = found[shown]
    en = f"{{}} is counted back: in {shown}, of the same date, defaults move from the first to the "
    en += f"last cohort (AUC {bad:.2f} of one over the other) and the others otherwise ({good:.2f})"
    zh = f"{{}} 为倒推计算：同一起点的 {shown} 在首末两个时段之间，违约样本移动（AUC {bad:.2f}），"
    zh += f"其他样本则不同（{good:.2f}）"
    return _each(
        names,
        "counted_back",
        lambda name: (en.format(name), zh.format(name)),
        (("moved_of_bad", bad), ("moved_of_good", good), ("z", z)),
        refuses=True,
    )


def moves_with_outcome(sample: Sample, name: str) -> list[Leak]:
    """A number that was not said to be counted back but moves between cohorts as if it were.

    It warns: what is counted over a window that ends at the default moves in the same way, and so
    does an honest feature whose meaning changed.
    """
    column = sample.column(name)
    if sample.cohort is None or name in sample.durations or is_text(column):
        return []
    moved = _moves(sample, sample.cohort, name)
    if moved is None:
        return []
    bad, good, z = moved
    en = f"defaults move in {name} between the first and the last cohort (AUC {bad:.2f} of one "
    en += f"over the other), the others otherwise ({good:.2f}): is it counted from the default?"
    zh = f"{name} 在首末两个时段之间，违约样本移动（AUC {bad:.2f}），其他样本则不同（{good:.2f}）："
    zh += "是否从违约日期倒推？"
    evidence = (("moved_of_bad", bad), ("moved_of_good", good), ("z", z))
    return [Leak(name, "moves_with_the_outcome", en, zh, evidence, refuses=False)]


def _moves(sample: Sample, cohort: Ints, name: str) -> tuple[float, float, float] | None:
    """AUC of the last cohort over the first among bad and among good, and how sure they differ."""
    values = numbers(sample.column(name))
    ends = (int(cohort.min()), int(cohort.max()))
    kept = np.isfinite(values) & np.isin(cohort, ends)
    last = (cohort == ends[1]).astype(np.int64)
    found = []
    for outcome in (1, 0):
        rows = kept & (sample.y == outcome)
        if min(int(last[rows].sum()), int((1 - last[rows]).sum())) < ROWS_LEAST:
            return None
        found.append(placements(checked(last[rows], values[rows])))
    bad, good = found
    spread = np.sqrt(bad.variance + good.variance)
    apart = abs(bad.auc - good.auc)
    if apart < MOVED or apart < SIGNIFICANT * spread:
        return None
    return bad.auc, good.auc, float(apart / spread) if spread > 0 else float("inf")

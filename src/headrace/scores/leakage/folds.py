"""Rows on both sides of a split: one group, a copy, or training that is later than the test."""

import numpy as np
import pyarrow as pa

from headrace.errors import InputError
from headrace.scores.leakage.findings import Leak
from headrace.scores.leakage.sample import Days, Ints, codes
from headrace.scores.validation.splits import Splits

REFUSED = 0.01  # share of the tested rows from which a fold refuses; below it warns


def copies(table: pa.Table) -> Ints:
    """A number for each distinct row of a table, (n,): equal rows have one number."""
    number = np.zeros(table.num_rows, np.int64)
    for name in table.column_names:
        column = table[name]
        plain = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        value = codes(plain) + 1
        number = number * (int(value.max(initial=0)) + 1) + value
        number = np.unique(number, return_inverse=True)[1].astype(np.int64)
    return number


def check_folds(
    splits: Splits,
    groups: Ints | None = None,
    times: Days | None = None,
    rows: Ints | None = None,
) -> tuple[Leak, ...]:
    """Everything about a split that lets training see the test.

    Args:
        splits: Any, also one that somebody else made: `splits.given`.
        groups: Rows with one number belong together: loans of one firm, (n,).
        times: Day of the decision, (n,).
        rows: Number of each distinct row, (n,), from `copies`.

    Returns:
        One finding a rule, over all folds.

    Raises:
        InputError: If the folds name rows that there are not.
    """
    given = [each for each in (groups, times, rows) if each is not None]
    size = min((each.size for each in given), default=0)
    last = max(int(max(fold.train[-1], fold.test[-1])) for fold in splits.folds)
    if given and last >= size:
        raise InputError(f"folds name row {last} of {size}", remedy="values for every row")
    leaks = []
    tested = sum(fold.test.size for fold in splits.folds)
    if groups is not None:
        leaks += _shared(
            splits, groups, tested, "group_in_both", "belong to a group", "所属的组（如同一企业）"
        )
    if rows is not None:
        leaks += _shared(splits, rows, tested, "copy_in_both", "are copies of a row", "完全副本")
    if times is not None:
        leaks += _later(splits, times)
    return tuple(leaks)


def _shared(
    splits: Splits, number: Ints, tested: int, rule: str, en_what: str, zh_what: str
) -> list[Leak]:
    both = [np.isin(number[fold.test], number[fold.train]) for fold in splits.folds]
    count = sum(int(each.sum()) for each in both)
    if not count:
        return []
    of = np.concatenate(
        [number[fold.test][own] for fold, own in zip(splits.folds, both, strict=True)]
    )
    share, distinct = count / tested, np.unique(of).size
    en = f"{count} of {tested} tested rows ({share:.1%}) {en_what} that is trained on, "
    en += f"{distinct} in all"
    zh = f"{tested} 行测试样本中有 {count} 行（{share:.1%}），其{zh_what}也在训练集中，"
    zh += f"共 {distinct} 个"
    evidence = (("rows", float(count)), ("share", share), ("distinct", float(distinct)))
    return [Leak("", rule, en, zh, evidence, share >= REFUSED)]


def _later(splits: Splits, times: Days) -> list[Leak]:
    trained = sum(fold.train.size for fold in splits.folds)
    later = sum(int((times[f.train] >= times[f.test].min()).sum()) for f in splits.folds)
    if not later:
        return []
    share = later / trained
    en = f"{later} of {trained} training rows ({share:.1%}) are not before the rows they predict"
    zh = f"{trained} 行训练样本中有 {later} 行（{share:.1%}）不早于其所预测的样本"
    evidence = (("rows", float(later)), ("share", share))
    return [Leak("", "trained_on_later", en, zh, evidence, share >= REFUSED)]

"""LightGBM's own text of a model, read as data: no LightGBM is needed to score it.

The text is what `Booster.save_model` writes (version v4): a head of `key=value` lines, then a block
a tree, whose splits and leaves are lists of numbers with all 17 digits. Splits come first, each
before the ones below it; a child that is a leaf is written as the complement of its number.

A missing value goes as the split says. Where a feature had none in training, LightGBM takes NaN as
0 (`Tree::NumericalDecision`), so the side on which 0 lies is written down here. Numbers within
1e-35 of 0 LightGBM takes as 0 when it predicts; here they are compared as they are.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.scores.trees.model import Boosting, Floats, expected_values
from headrace.scores.trees.reading import LARGEST, NO_NODE, Ints, check_trees

CATEGORICAL, DEFAULT_LEFT, MISSING = 1, 2, 12  # bits of decision_type
MISSING_IS_ZERO, MISSING_IS_NAN = 4, 8
Fields = dict[str, str]


def read_lightgbm(text: str, names: Sequence[str] | None = None) -> Boosting:
    """The model that LightGBM wrote, as the same arrays as any other.

    Args:
        text: Of `Booster.model_to_string()`, or a file of `save_model`.
        names: Of the features, in their order; None for those in the file.

    Raises:
        InputError: If the text is no such model, or one that the arrays cannot hold: categorical
            splits, linear leaves, several classes, a random forest, zero taken as missing.
    """
    trees_end = text.partition("\nend of trees")[0]
    head, *blocks = re.split(r"^Tree=\d+$", trees_end, flags=re.MULTILINE)
    said = _fields(head)
    slope = _slope(said)
    features = _whole(said, "max_feature_idx", "the head") + 1
    given = tuple(names) if names is not None else tuple(said.get("feature_names", "").split())
    if len(given) != features or len(set(given)) != features:
        raise _unreadable("feature_names", f"{features} names, each once")
    if not blocks:
        raise _unreadable("the file", "one tree or more")
    trees = [_tree(_fields(block), f"Tree={place}") for place, block in enumerate(blocks)]
    return _joined(trees, given, slope)


def _fields(block: str) -> Fields:
    lines = (line.partition("=") for line in block.splitlines())
    return {key: value for key, separator, value in lines if separator}


def _slope(said: Fields) -> float:
    """Of the probability on the raw score; LightGBM calls it sigmoid."""
    objective = said.get("objective", "").split()
    if said.get("num_class") != "1" or said.get("num_tree_per_iteration") != "1":
        raise _unreadable("num_class", "1")
    found = [each.partition(":")[2] for each in objective[1:] if each.startswith("sigmoid:")]
    if objective[:1] != ["binary"] or len(found) != 1:
        raise _unreadable("objective", "binary sigmoid:1")
    slope = _number(found[0], "objective")
    if not 0 < slope <= LARGEST:
        raise _unreadable("objective", "a sigmoid above 0")
    return slope


def _tree(said: Fields, where: str) -> dict[str, NDArray[np.generic]]:
    """The nodes of one tree, splits first, its root at 0."""
    leaves = _whole(said, "num_leaves", where)
    if _whole(said, "num_cat", where) or said.get("is_linear", "0") != "0":
        raise _unreadable(where, "numeric splits and constant leaves; encode categories as numbers")
    splits = leaves - 1
    kind = _wholes(said, "decision_type", splits, where)
    if (kind & CATEGORICAL).any() or ((kind & MISSING) == MISSING_IS_ZERO).any():
        raise _unreadable(f"{where}, decision_type", "numeric splits, zero not taken as missing")
    threshold = _numbers(said, "threshold", splits, where, highest=np.inf)
    nan_left = (kind & DEFAULT_LEFT) != 0
    missing_left = np.where((kind & MISSING) == MISSING_IS_NAN, nan_left, threshold >= 0)
    counts = [
        _wholes(said, "internal_count", splits, where),
        _wholes(said, "leaf_count", leaves, where, default="0" if leaves == 1 else None),
    ]
    none = np.full(leaves, NO_NODE)
    children = {side: _wholes(said, f"{side}_child", splits, where) for side in ("left", "right")}
    return {
        "feature": np.append(_wholes(said, "split_feature", splits, where), none),
        "threshold": np.append(threshold, np.zeros(leaves)),
        "missing_left": np.append(missing_left, np.zeros(leaves)).astype(np.int64),
        **{
            side: np.append(np.where(child < 0, splits + ~child, child), none)
            for side, child in children.items()
        },
        "value": np.append(np.zeros(splits), _numbers(said, "leaf_value", leaves, where)),
        "cover": np.concatenate(counts),
    }


def _joined(
    trees: Sequence[dict[str, NDArray[np.generic]]], names: tuple[str, ...], slope: float
) -> Boosting:
    sizes = np.array([tree["feature"].size for tree in trees])
    roots = (np.cumsum(sizes) - sizes).astype(np.int32)
    first = np.repeat(roots, sizes)
    joined = {name: np.concatenate([tree[name] for tree in trees]) for name in trees[0]}
    whole: dict[str, Ints] = {
        name: joined[name].astype(np.int32) for name in ("feature", "missing_left")
    }
    for side in ("left", "right"):
        below = joined[side]
        whole[side] = np.where(below == NO_NODE, NO_NODE, first + below).astype(np.int32)
    cover = joined["cover"].astype(np.int64)
    lone = np.isin(np.arange(cover.size), roots) & (cover == 0)
    cover[lone] = max(int(cover[roots].max()), 1)  # a tree of one leaf: LightGBM counts no rows
    values: Floats = joined["value"].astype(np.float64)
    arrays = {**whole, "roots": roots, "threshold": joined["threshold"], "cover": cover}
    check_trees({"names": names, "value": values, **arrays})
    return Boosting(
        fitted_on="",
        names=names,
        baseline=0.0,  # LightGBM has put it into the leaves of its first tree
        slope=slope,
        shift=0.0,
        value=expected_values(whole["left"], whole["right"], values, cover),
        **arrays,
    )


def _whole(said: Fields, name: str, where: str) -> int:
    found = _wholes(said, name, 1, where)
    return int(found[0])


def _wholes(
    said: Fields, name: str, size: int, where: str, *, default: str | None = None
) -> NDArray[np.int64]:
    words = (said.get(name, default) if default is not None else said.get(name, "")).split()
    if len(words) != size or not all(re.fullmatch(r"-?\d{1,15}", each) for each in words):
        raise _unreadable(f"{where}, {name}", f"{size} whole numbers")
    return np.array([int(each) for each in words], np.int64)


def _numbers(said: Fields, name: str, size: int, where: str, *, highest: float = LARGEST) -> Floats:
    words = said.get(name, "").split()
    if len(words) != size:
        raise _unreadable(f"{where}, {name}", f"{size} numbers")
    numbers = [_number(each, f"{where}, {name}") for each in words]
    if any(abs(each) > LARGEST and each != highest for each in numbers):
        raise _unreadable(f"{where}, {name}", f"numbers of {LARGEST:g} at most")
    return np.array(numbers, np.float64)


def _number(word: str, where: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = np.nan
    if np.isnan(number):
        raise _unreadable(where, f"a number, not '{word[:20]}'")
    return number


def _unreadable(where: str, right: str) -> InputError:
    return InputError(
        "this is no LightGBM model that can be read", where=where, remedy=f"expected {right}"
    )

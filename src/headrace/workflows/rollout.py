"""What came of a version beside the one in force: the three numbers of each, on what it decided.

A challenger and the champion decide about different customers, so each is judged on its own, and
the difference is not a paired one. A shadow is asked about cases that the champion decides, so both
are judged on the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.decisions.flow.rollout import Mode
from headrace.decisions.program.columns import Column
from headrace.decisions.whatif.compare import Settings
from headrace.decisions.whatif.figures import Draws
from headrace.decisions.whatif.numbers import apart, contributions, sums_of
from headrace.errors import InputError
from headrace.pack import Text
from headrace.workflows.ports import Progress
from headrace.workflows.simulate_policy import Setup, Simulated, compared_object, simulate_policy

ARM, RECORDED = "arm", "recorded action"
"""Columns beside the events: who decided each, and what; missing where that does not count."""

Bools = NDArray[np.bool_]


def of_rollout(
    setup: Setup, name: str, mode: Mode, settings: Settings, progress: Progress
) -> tuple[Simulated, Mapping[str, Any]]:
    """A champion and what stands beside it, as they decided.

    Args:
        setup: The champion as the old policy, the other as the new one; its cases have the parts
            `ARM` and `RECORDED`.
        name: Of the arm that stands beside.
        mode: What it stands there for.
        settings: How it is judged.
        progress: Who watches.

    Returns:
        What each policy says of all these cases; and what each said of those that it decided, as
        JSON.

    Raises:
        InputError: It has not decided anything yet.
    """
    told = setup.cases.parts[ARM]
    rows = np.flatnonzero(told.present)
    is_new = _is(told, name)[rows]
    if not is_new.any():
        raise InputError(
            f"{name} has not been asked about anything yet",
            where="live",
            remedy="Wait for events of customers in its share",
        )
    arms, recorded = told.take(rows), setup.cases.parts[RECORDED].take(rows)
    cases = replace(setup.cases.take(rows), parts={})
    setup = replace(
        setup,
        cases=cases,
        old=setup.old.take(rows),
        new=setup.new.take(rows),
        named=setup.named.take(rows),
    )
    found = simulate_policy(setup, settings, None, progress)
    sides = found.comparison.old, found.comparison.new
    if mode is Mode.SHADOW:
        compared = found.comparison.whole
        followed = sides[0].action
    else:
        draws = Draws(cases.key, settings.draws, settings.seed)
        added = contributions(cases, sides[0]), contributions(cases, sides[1])
        part = _is(arms, name).astype(np.int64)
        compared = apart(*sums_of(draws, added, part, 2))
        followed = np.where(part == 1, sides[1].action, sides[0].action)
    otherwise = int(np.sum(followed != recorded.values.astype(np.int64)))
    object_ = {"name": name, "mode": mode.value, "otherwise": otherwise}
    return found, object_ | {"compared": compared_object(compared)}


def arm_note(otherwise: int) -> Text:
    """How many decisions come out otherwise when they are made again for the comparison."""
    return Text(
        f"{otherwise:,} decisions come out otherwise when they are made again for this "
        "comparison: lists changed since, or facts came late.",
        f"为作比较而重新计算时，有 {otherwise:,} 笔决策与当时记录不同：名单有变，或事实迟到。",
    )


def _is(arms: Column, name: str) -> Bools:
    """Which cases were decided by an arm."""
    codes = {text: code for code, text in enumerate(arms.texts)}
    return np.asarray(arms.present & (arms.values == codes.get(name, -1)), np.bool_)

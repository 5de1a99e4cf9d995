"""How often the rules of a table speak, and what to look at when that is odd or has changed.

Codes of findings, all about the table's rules by number:

    never_speaks    in none of many cases: with 95 % confidence it does in less than 1 - 0.05^(1/n)
                    of them, about 3/n (the rule of three; Hanley and Lippman-Hand, JAMA 1983)
    always_speaks   in all of many cases, so in more than 0.05^(1/n) of them
    rate_changed    its share of cases is not that of the periods before: two proportions, by
                    Fisher's exact test where fewer than 5 are expected somewhere (Cochran 1954),
                    else by the pooled normal test; of all rules together at most 5 % of what is
                    told is chance (Benjamini and Hochberg 1995)
    no_rule_grew    the same, of cases in which no rule is met
    moved           who speaks has moved as a whole: the population stability index over rules,
                    above what chance gives (Yurdakul 2018: PSI / (1/n + 1/m) is about chi-squared)

A change must be large enough to matter too: `CHANGE_MIN` of the share before, `PSI_NOTE`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, gammaln, ndtr

from headrace.decisions.program.findings import Finding, Severity, found
from headrace.decisions.tables.table import SEVERAL, Table
from headrace.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ASKED_MIN = 300
"""Cases below which nothing is said: the rule of three then leaves more than 1 %."""

LEVEL = 0.05
EXPECTED_MIN = 5
CHANGE_MIN = 0.2
PSI_NOTE, PSI_WARNING = 0.1, 0.25
NOT_ASKED = -1


@dataclass(frozen=True, eq=False)
class Hits:
    """How often each rule of a table spoke in a period.

    Attributes:
        table: Its name.
        digest: Of the version that was asked.
        start: The period's first moment, microseconds since 1970, UTC.
        end: The first moment after it.
        asked: Cases the table was asked about.
        silent: Of these, cases in which no rule was met.
        first: int64 (rules,): cases in which each rule spoke, or was the first of several.
        spoke: int64 (rules,): cases in which each rule spoke; the same as `first` where one does.
    """

    table: str
    digest: str
    start: int
    end: int
    asked: int
    silent: int
    first: Ints
    spoke: Ints

    def __add__(self, other: Hits) -> Hits:
        """Both periods as one.

        Raises:
            InputError: They are of different versions.
        """
        _refuse_other(other, self.table, self.digest)
        return Hits(
            self.table,
            self.digest,
            min(self.start, other.start),
            max(self.end, other.end),
            self.asked + other.asked,
            self.silent + other.silent,
            self.first + other.first,
            self.spoke + other.spoke,
        )


def count_hits(
    table: Table,
    fired: NDArray[np.int32],
    moments: Ints,
    edges: Sequence[int],
    hits: tuple[NDArray[np.int32], Ints] | None = None,
) -> tuple[Hits, ...]:
    """Count a batch by period.

    Args:
        table: The version that was asked.
        fired: Per case the number of the first rule that spoke, from 1; 0: none; -1: not asked.
        moments: Per case, microseconds since 1970, UTC.
        edges: Where periods start, ascending, and where the last ends; cases outside are left out.
        hits: For tables in which several rules speak: their numbers, one case behind the other,
            and where each case's start, (n + 1,).

    Raises:
        InputError: A number is not that of a rule.
    """
    rules = len(table.rules)
    if len(fired) and not NOT_ASKED <= fired.min() <= fired.max() <= rules:
        raise InputError(
            f"Rule {fired.max()} spoke, and the table has {rules:,}",
            where=table.name,
            remedy="Give the version of the table that was asked",
        )
    period = np.searchsorted(np.asarray(edges), moments, side="right") - 1
    period[fired == NOT_ASKED] = -1
    counted = []
    for number, (start, end) in enumerate(pairwise(edges)):
        of_period = period == number
        first = np.bincount(fired[of_period], minlength=rules + 1)
        spoke = first
        if hits is not None:
            of_hits = np.repeat(of_period, np.diff(hits[1]))
            spoke = np.bincount(hits[0][of_hits], minlength=rules + 1)
        asked = int(of_period.sum())
        counted.append(
            Hits(table.name, table.digest(), start, end, asked, int(first[0]), first[1:], spoke[1:])
        )
    return tuple(counted)


def watch(history: Sequence[Hits], table: Table) -> tuple[Finding, ...]:
    """What to look at.

    Args:
        history: Periods in order; the last is compared with all before it together.
        table: The version that was asked in all of them.

    Raises:
        InputError: A period is of another version.
    """
    for hits in history:
        _refuse_other(hits, table.name, table.digest())
    if not history:
        return ()
    *before, now = history
    whole, past = now, None
    for hits in before:
        whole, past = whole + hits, hits if past is None else past + hits
    findings = list(_extremes(whole, table)) if whole.asked >= ASKED_MIN else []
    if past is not None and min(past.asked, now.asked) >= ASKED_MIN:
        findings += _changes(past, now, table)
        findings += _moved(past, now, table)
    return tuple(findings)


def never_share_max(asked: int) -> float:
    """The share of cases that something is in at most, if it was in none; 95 % confidence."""
    return 1 - float(LEVEL ** (1 / asked))


def chances_equal(past: Ints, past_asked: int, now: Ints, now_asked: int) -> Floats:
    """For each count how likely a difference as large is if the shares are equal; two-sided."""
    total = past + now
    share = total / (past_asked + now_asked)
    least = np.minimum(share, 1 - share) * min(past_asked, now_asked)
    spread = np.sqrt(share * (1 - share) * (1 / past_asked + 1 / now_asked))
    apart = np.abs(past / past_asked - now / now_asked)
    found_ = 2 * ndtr(-np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 0))
    for place in np.flatnonzero((least < EXPECTED_MIN) & (spread > 0)):
        found_[place] = _fisher(int(now[place]), now_asked, int(total[place]), past_asked)
    return np.asarray(found_)


def adjusted(chances: Floats) -> Floats:
    """The share of chance findings if this and all smaller ones are told (Benjamini-Hochberg)."""
    order = np.argsort(chances)[::-1]
    ranks = np.arange(len(chances), 0, -1)
    least = np.minimum.accumulate(chances[order] * len(chances) / ranks)
    result = np.empty_like(chances)
    result[order] = np.minimum(least, 1)
    return result


def rule_stability(past: Ints, now: Ints) -> tuple[float, float]:
    """The population stability index of two counts, and what chance gives in one case of twenty.

    PSI = sum of (a - e) ln(a / e) over shares, half a case added to each count so that an empty one
    does not make it infinite. Categories empty on both sides are left out.
    """
    seen = (past + now) > 0
    shares = [(counts[seen] + 0.5) / (counts[seen] + 0.5).sum() for counts in (past, now)]
    index = float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))
    free = int(seen.sum()) - 1
    if free < 1:
        return index, 0.0
    return index, float(chdtri(free, LEVEL) * (1 / past.sum() + 1 / now.sum()))


def _extremes(hits: Hits, table: Table) -> Iterator[Finding]:
    shown = f"{100 * never_share_max(hits.asked):.2g}%"
    for number, spoke in enumerate(hits.spoke.tolist(), start=1):
        if spoke == 0:
            words = (
                f"Rule {number} spoke in none of {hits.asked:,} cases (95% sure: below {shown})",
                f"规则 {number} 在 {hits.asked:,} 例中从未生效（95% 置信：低于 {shown}）",
            )
            yield found(table, "never_speaks", Severity.WARNING, (number,), words)
        elif spoke == hits.asked and _is_worth_telling(table, number):
            words = (
                f"Rule {number} spoke in all of {hits.asked:,} cases (95% sure: all but {shown})",
                f"规则 {number} 在 {hits.asked:,} 例中全部生效（95% 置信：例外低于 {shown}）",
            )
            yield found(table, "always_speaks", Severity.WARNING, (number,), words)


def _is_worth_telling(table: Table, number: int) -> bool:
    """Whether a rule is not meant to speak always: it asks something, or others are there too."""
    asks = any(tests.alternatives for tests in table.rules[number - 1].tests)
    return asks or (table.hit_policy not in SEVERAL and len(table.rules) > 1)


def _changes(past: Hits, now: Hits, table: Table) -> Iterator[Finding]:
    before, after = np.append(past.spoke, past.silent), np.append(now.spoke, now.silent)
    chances = adjusted(chances_equal(before, past.asked, after, now.asked))
    shares = before / past.asked, after / now.asked
    matters = np.abs(shares[1] - shares[0]) >= CHANGE_MIN * shares[0]
    for place in np.flatnonzero((chances < LEVEL) & matters).tolist():
        was, is_ = float(shares[0][place]), float(shares[1][place])
        number = place + 1
        if number <= len(table.rules):
            words = (
                f"Rule {number} speaks in {is_:.2%} of cases; it was {was:.2%}",
                f"规则 {number} 的生效占比为 {is_:.2%}，此前为 {was:.2%}",
            )
            yield found(table, "rate_changed", Severity.WARNING, (number,), words)
        elif is_ > was:
            words = (
                f"No rule is met in {is_:.2%} of cases; it was {was:.2%}",
                f"没有规则满足的占比为 {is_:.2%}，此前为 {was:.2%}",
            )
            yield found(table, "no_rule_grew", Severity.WARNING, (), words)


def _moved(past: Hits, now: Hits, table: Table) -> Iterator[Finding]:
    index, chance = rule_stability(
        np.append(past.first, past.silent), np.append(now.first, now.silent)
    )
    if index < max(PSI_NOTE, chance):
        return
    severity = Severity.WARNING if index >= PSI_WARNING else Severity.NOTE
    words = (
        f"Which rules speak has moved: stability index {index:.2f}, by chance up to {chance:.2f}",
        f"生效规则的分布发生变化：稳定性指标 PSI 为 {index:.2f}，随机波动至多 {chance:.2f}",
    )
    yield found(table, "moved", severity, (), words)


def _fisher(now: int, now_asked: int, total: int, past_asked: int) -> float:
    """Fisher's exact test, two-sided: all tables with these margins that are no more likely."""
    low, high = max(0, total - past_asked), min(total, now_asked)
    count = np.arange(low, high + 1, dtype=np.float64)
    said = _log_choose(now_asked, count) + _log_choose(past_asked, total - count)
    chance = np.exp(said - said.max())
    chance /= chance.sum()
    unlikely = chance <= chance[now - low] * (1 + 1e-7)  # equal ones differ in the last digits
    return float(chance[unlikely].sum())


def _log_choose(of: int, count: Floats) -> Floats:
    return np.asarray(gammaln(of + 1) - gammaln(count + 1) - gammaln(of - count + 1))


def _refuse_other(hits: Hits, table: str, digest: str) -> None:
    if (hits.table, hits.digest) != (table, digest):
        raise InputError(
            "The counts are of another table, or of another version of it",
            where=hits.table,
            remedy=f"Give counts of {table}, version {digest[:12]}",
        )

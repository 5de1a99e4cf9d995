"""What the page *Today* shows of a run: sums and shares, and what to be careful about."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace import packs
from headrace.decisions.lending.decision import Outcome
from headrace.pack import Pack, Text
from headrace.web.console.frontier import Frontier, frontier
from headrace.web.console.words import Words
from headrace.web.run_folder import Run

REASONS_SHOWN = 6


@dataclass(frozen=True)
class Figure:
    """One number with what it means."""

    name: str
    value: str
    note: str


@dataclass(frozen=True)
class Bar:
    """One line of a table with a bar.

    Attributes:
        key: Of the outcome; empty for reasons.
        name: For people.
        count: Decisions.
        share: Of all, in words.
        percent: Of all, as the length of the bar, from 0 to 100.
    """

    key: str
    name: str
    count: str
    share: str
    percent: float


@dataclass(frozen=True)
class Stressed:
    """What one scenario would do, ready to be read."""

    name: str
    loss: str
    profit: str
    worse: str


@dataclass(frozen=True)
class Today:
    """The page.

    Attributes:
        title: Of the pack.
        day: As of when it was decided.
        source: Of the data.
        three: Approval, price and loss, which are never shown apart.
        others: Further figures.
        outcomes: Decisions by outcome.
        reasons: By their main reason, the most frequent first.
        cautions: What everybody who uses the figures is told.
        frontier: Other books that could have been; None where the run kept nothing of them.
        stress: What scenarios would do.
    """

    title: str
    day: str
    source: str
    three: tuple[Figure, ...]
    others: tuple[Figure, ...]
    outcomes: tuple[Bar, ...]
    reasons: tuple[Bar, ...]
    cautions: tuple[str, ...]
    frontier: Frontier | None
    stress: tuple[Stressed, ...]


def today(run: Run, words: Words) -> Today:
    """The page of a run, in a language."""
    pack = packs.load(run.about.pack)
    return Today(
        title=words.of(pack.title),
        day=run.decisions[0].as_of.isoformat() if run.decisions else "",
        source=run.source,
        three=_three(run, words),
        others=_others(run, words),
        outcomes=_outcomes(run, words),
        reasons=_reasons(run, pack, words),
        cautions=(*map(words.of, pack.cautions), *_cautions(run, words)),
        frontier=frontier(run.frontier, currency_of(run), words),
        stress=tuple(_stressed(row, currency_of(run), words) for row in run.stress),
    )


def reason_text(pack: Pack, code: str) -> Text:
    """What a reason says; its code where the pack has no words for it."""
    known = {} if pack.lending is None else pack.lending.reasons
    return known.get(code, Text(code, code))


def currency_of(run: Run) -> str:
    """Of all money of a run; decisions carry it, and where there is none there is no money."""
    return run.decisions[0].currency if run.decisions else "CNY"


def _three(run: Run, words: Words) -> tuple[Figure, ...]:
    book, currency = run.summary["book"], currency_of(run)
    firms = words(
        "approval_note",
        approved=words.count(book["approved"]),
        applicants=words.count(book["applicants"]),
    )
    lost = words(
        "loss_note",
        loss=words.money(book["expected_loss_minor"], currency),
        drawn=words.money(book["expected_drawn_minor"], currency),
    )
    return (
        Figure(words("approval"), words.share(book["approval_rate"]), firms),
        Figure(words("price"), words.share(book["rate_mean"], 2), words("price_note")),
        Figure(words("loss"), words.share(book["expected_loss_share"], 2), lost),
    )


def _others(run: Run, words: Words) -> tuple[Figure, ...]:
    book, currency = run.summary["book"], currency_of(run)
    budget = words("of_budget", budget=words.money(book["budget_minor"], currency))
    referred = words("applicants_note", n=words.count(book["referred"]))
    return (
        Figure(words("applicants"), words.count(book["applicants"]), referred),
        Figure(words("limits_granted"), words.money(book["lent_minor"], currency), budget),
        Figure(words("expected_profit"), words.money(book["expected_profit_minor"], currency), ""),
    )


def _outcomes(run: Run, words: Words) -> tuple[Bar, ...]:
    found = Counter(each.outcome for each in run.decisions)
    return tuple(
        _bar(each.value, words(f"outcome_{each.value}"), found[each], len(run.decisions), words)
        for each in Outcome
    )


def _reasons(run: Run, pack: Pack, words: Words) -> tuple[Bar, ...]:
    found = Counter(each.reasons[0] for each in run.decisions if each.reasons)
    return tuple(
        _bar("", words.of(reason_text(pack, code)), count, len(run.decisions), words)
        for code, count in found.most_common(REASONS_SHOWN)
    )


def _bar(key: str, name: str, count: int, whole: int, words: Words) -> Bar:
    share = count / whole if whole else 0.0
    return Bar(key, name, words.count(count), words.share(share), round(share * 100, 2))


def _stressed(row: Mapping[str, str], currency: str, words: Words) -> Stressed:
    def moved(before: str, after: str) -> str:
        first, last = (words.money(int(row[name]), currency) for name in (before, after))
        return f"{first} → {last}"

    return Stressed(
        name=row[words.language],
        loss=moved("expected_loss_before_minor", "expected_loss_after_minor"),
        profit=moved("profit_before_minor", "profit_after_minor"),
        worse=words.count(int(row["worse"])),
    )


def _cautions(run: Run, words: Words) -> tuple[str, ...]:
    """Cautions that this run's own figures call for."""
    told = []
    lacking = sum(bool(each.missing_inputs) for each in run.decisions)
    if lacking:
        told.append(words("missing_inputs", n=words.count(lacking)))
    unusable = run.summary["facts"]["quarantined"]
    if unusable:
        told.append(words("quarantined", n=words.count(unusable)))
    score: Mapping[str, Any] = run.summary["score"]
    if score["auc"] is not None:
        figures = {name: f"{score[f'auc{end}']:.2f}" for name, end in _AUC_ENDS}
        told.append(
            words("trust", labelled=score["labelled"], defaults=score["defaults"], **figures)
        )
    return tuple(told)


_AUC_ENDS = (("auc", ""), ("low", "_low"), ("high", "_high"))

"""The book as data: totals, classes, industries, the frontier, stress, and a page a firm."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.decisions.lending.book import Book
from headrace.decisions.lending.decision import Decision, RateParts
from headrace.money import round_half_even
from headrace.pack import Text
from headrace.workflows.contracts import Offered
from headrace.workflows.lend import Lent, Market

Model = dict[str, Any]
LIMIT_BAND = 10  # steps of the limit in one bar
FRONTIER_RULE = {
    "en": "Among the books without a cap on the mean rate that keep {share:.0%} of the best "
    "expected profit: the highest approval rate, then the lowest mean rate, then the lowest "
    "expected loss.",
    "zh": "在不设平均利率上限、且保留最优预期利润 {share:.0%} 以上的组合中，"
    "先取通过率最高，再取平均利率最低，最后取预期损失最低。",
}


def book_section(lent: Lent, market: Market, reasons: Mapping[str, Text]) -> Model:
    """The three numbers, what they rest on, and how they fall on classes and industries."""
    totals, proof, outcomes = lent.chosen.book.totals, lent.chosen.book.proof, lent.outcomes
    return {
        "applicants": totals.applicants,
        "approved": totals.approvals,
        "referred": outcomes["refer"],
        "declined": outcomes["decline"],
        "approval_rate": totals.approval_rate,
        "budget_minor": lent.economics.budget_minor,
        "lent_minor": totals.limit_minor,
        "rate_mean": totals.mean_rate,
        "expected_drawn_minor": totals.drawn_minor,
        "expected_loss_minor": totals.loss_minor,
        "expected_loss_share": totals.loss_rate,
        "expected_profit_minor": totals.profit_minor,
        "gap": None if proof is None else max(proof.gap, 0.0),
        "bound_minor": None if proof is None else round_half_even(proof.bound),
        "greedy_profit_minor": lent.baseline.totals.profit_minor,
        "greedy_approved": lent.baseline.totals.approvals,
        "best_profit_minor": lent.best.totals.profit_minor,
        "best_approved": lent.best.totals.approvals,
        "best_greedy_profit_minor": lent.greedy_best.totals.profit_minor,
        "by_class": _groups(lent.chosen.book, market, market.scored.rating.tolist(), "class"),
        "by_industry": _groups(lent.chosen.book, market, list(market.industries), "industry"),
        "by_reason": _by_reason(lent, reasons),
        "limits": _limits(lent),
        "rates": _rates(lent.chosen.book),
        "backtest": _backtest(lent.chosen.book, market),
    }


def frontier_section(lent: Lent, profit_share_min: float) -> Model:
    """Every book of the frontier with its three numbers."""
    return {
        "points": [
            {
                "approval_rate": point.book.totals.approval_rate,
                "approved": point.book.totals.approvals,
                "rate_mean": point.book.totals.mean_rate,
                "expected_loss_share": point.book.totals.loss_rate,
                "expected_profit_minor": point.book.totals.profit_minor,
                "rate_cap": None
                if point.constraints.mean_rate_max is None
                else float(point.constraints.mean_rate_max),
                "dominated": point.dominated,
                "chosen": point is lent.chosen,
                "gap": None if point.book.proof is None else max(point.book.proof.gap, 0.0),
            }
            for point in lent.points
        ],
        "rule": {
            language: text.format(share=profit_share_min)
            for language, text in FRONTIER_RULE.items()
        },
    }


def stress_section(lent: Lent) -> list[Model]:
    """What each scenario does to the book."""
    return [
        {
            "scenario": each.scenario.name,
            "en": each.scenario.label_en,
            "zh": each.scenario.label_zh,
            "expected_loss_before_minor": each.book.loss_before_minor,
            "expected_loss_after_minor": each.book.loss_after_minor,
            "profit_before_minor": each.book.profit_before_minor,
            "profit_after_minor": each.book.profit_after_minor,
            "worse": each.worse,
            "untouched": list(each.untouched),
            "by_industry": [
                {
                    "industry": row["industry"],
                    "expected_loss_before_minor": row["loss_before_minor"],
                    "expected_loss_after_minor": row["loss_after_minor"],
                }
                for row in each.book.by_industry.to_pylist()
            ],
        }
        for each in lent.stress
    ]


def contracts_section(offered: Offered) -> Model | None:
    """The contracts of the book and the money that comes of them; None where there are none."""
    if not offered.contracts:
        return None
    months = offered.cash_flow
    return {
        "count": len(offered.contracts),
        "product": offered.contracts[0].product,
        "start": offered.contracts[0].terms.start.isoformat(),
        **offered.totals,
        "months": [{**row, "month": f"{row['month']:%Y-%m}"} for row in months.to_pylist()],
    }


def decision_section(decision: Decision, reasons: Mapping[str, Text]) -> Model:
    """One decision with its parts, for the page of a firm."""
    reason = decision.reasons[0]
    parts, limit = decision.rate_parts, decision.limit_parts
    return {
        "outcome": decision.outcome.value,
        "reason": reason,
        "reason_text": {"en": reasons[reason].en, "zh": reasons[reason].zh},
        "limit_minor": decision.limit_minor or None,
        "rate": None if decision.rate is None else float(decision.rate),
        "term_months": decision.term_months,
        "cap_minor": None if limit is None else limit.cap_minor,
        "parts": [] if parts is None else _parts(parts),
        "alternatives": []
        if parts is None
        else [
            {
                "rate": float(each.rate),
                "take_up": each.take_up,
                "profit_minor": each.profit_minor,
            }
            for each in (parts.cheaper, parts.offered, parts.dearer)
            if each is not None
        ],
        "rows": [{"table": r.table, "row": r.row, "text": r.text} for r in decision.rules],
    }


def frontier_table(lent: Lent) -> pa.Table:
    """The frontier for a spreadsheet."""
    points = frontier_section(lent, 1.0)["points"]
    return pa.table({name: [point[name] for point in points] for name in points[0]})


def stress_table(lent: Lent) -> pa.Table:
    """The scenarios for a spreadsheet."""
    names = ("scenario", "en", "zh", "expected_loss_before_minor", "expected_loss_after_minor",
             "profit_before_minor", "profit_after_minor", "worse")  # fmt: skip
    rows = stress_section(lent)
    return pa.table({name: [row[name] for row in rows] for name in names})


def _parts(parts: RateParts) -> list[Model]:
    """Where a yuan of interest goes, per yuan taken up."""
    return [
        {"en": "cost of funds", "zh": "资金成本", "value": parts.funding, "unit": "share"},
        {"en": "expected loss", "zh": "预期损失", "value": parts.expected_loss, "unit": "share"},
        {
            "en": "interest lost to default",
            "zh": "违约损失的利息",
            "value": parts.interest_forgone,
            "unit": "share",
        },
        {"en": "margin", "zh": "利润", "value": parts.margin, "unit": "share"},
    ]


def _groups(book: Book, market: Market, labels: Sequence[str], name: str) -> list[Model]:
    names = np.array(labels)
    loss = book.chosen(book.offers.loss) * book.limit_minor
    rate = np.array([float(book.rate(row) or 0) for row in range(names.size)])
    rows = []
    for label in sorted(set(labels)):
        mine = names == label
        limits = book.limit_minor[mine]
        whole = int(limits.sum())
        rows.append(
            {
                name: label,
                "applicants": int(mine.sum()),
                "approved": int((mine & book.lent).sum()),
                "lent_minor": whole,
                "rate_mean": float((rate[mine] * limits).sum() / whole) if whole else None,
                "pd_mean": float(market.scored.probability[mine].mean()),
                "expected_loss_minor": round_half_even(float(loss[mine].sum())),
            }
        )
    return rows


def _by_reason(lent: Lent, reasons: Mapping[str, Text]) -> list[Model]:
    counted: dict[tuple[str, str], int] = {}
    for decision in lent.decisions:
        key = (decision.outcome.value, decision.reasons[0])
        counted[key] = counted.get(key, 0) + 1
    return [
        {
            "outcome": outcome,
            "reason": reason,
            "en": reasons[reason].en,
            "zh": reasons[reason].zh,
            "count": count,
        }
        for (outcome, reason), count in sorted(counted.items(), key=lambda item: -item[1])
    ]


def _limits(lent: Lent) -> list[Model]:
    economics = lent.economics
    band = economics.limit_step_minor * LIMIT_BAND
    limits = lent.chosen.book.limit_minor
    starts = range(economics.limit_min_minor, economics.limit_max_minor + 1, band)
    return [
        {
            "from_minor": start,
            "to_minor": start + band,
            "count": int(((limits >= start) & (limits < start + band)).sum()),
        }
        for start in starts
    ]


def _rates(book: Book) -> list[Model]:
    used = book.rate_index[book.lent]
    return [
        {"rate": float(rate), "count": int((used == column).sum())}
        for column, rate in enumerate(book.offers.rates)
        if (used == column).any()
    ]


def _backtest(book: Book, market: Market) -> Model | None:
    """Labelled firms in the book: defaults that happened beside those predicted out of fold."""
    scored = market.scored
    if scored.validation is None:
        return None
    labelled = scored.outcome >= 0
    inside: NDArray[np.bool_] = book.lent[labelled]
    return {
        "firms": int(inside.sum()),
        "defaults": int(scored.outcome[labelled][inside].sum()),
        "predicted": float(scored.validation.predictions[inside].sum()),
    }


def firm_pages(
    lent: Lent,
    market: Market,
    reasons: Mapping[str, Text],
    own: Callable[[int, str], Mapping[str, Any]],
) -> list[Model]:
    """One page a party.

    Args:
        lent: Decisions and stress.
        market: Features and scores.
        reasons: What each reason code says.
        own: Row and party -> what else its page shows (name, history, partners, rings, …).
    """
    scored = market.scored
    pages = []
    for row, decision in enumerate(lent.decisions):
        known = int(scored.outcome[row])
        mine = own(row, decision.party)
        pages.append(
            {
                "party": decision.party,
                "industry": market.industries[row],
                "rating_class": decision.rating,
                "given_rating": str(scored.given_rating[row]) or None,
                "probability": decision.pd,
                "low": float(scored.low[row]),
                "high": float(scored.high[row]),
                "points": round(float(scored.points[row]), 1),
                "outcome_known": None if known < 0 else ("default" if known else "repaid"),
                "decision": decision_section(decision, reasons),
                "reasons": [
                    {
                        "feature": each.reason,
                        "value": mine["features"].get(each.reason),
                        "points": each.points,
                    }
                    for each in decision.points
                ],
                "missing": list(decision.missing_inputs),
                "scenarios": [
                    {"scenario": each.scenario.name, "probability": float(each.probability[row])}
                    for each in lent.stress
                ],
                **mine,
            }
        )
    return pages

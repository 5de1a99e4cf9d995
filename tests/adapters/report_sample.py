"""A model of a report that looks like a real one: invented firms, the same for the same arguments.

Nothing here is a result; the numbers only hang together well enough to be looked at.
"""

from typing import Any

import numpy as np

from headrace.packs.sme_invoices import load

PACK = load()
LENDING = PACK.require_lending()
CLASSES = ("A", "B", "C", "D")
PD_MAX = (0.02, 0.08, 0.25, 1.0)
INDUSTRIES = (
    "批发和零售业",
    "建筑业",
    "制造业",
    "租赁和商务服务业",
    "信息传输、软件和信息技术服务业",
    "交通运输、仓储和邮政业",
    None,
)
TRADES = (
    "建筑工程",
    "商贸",
    "电子科技",
    "物流",
    "广告传媒",
    "机械制造",
    "劳务",
    "园林景观",
    "建材",
)
SCENARIOS = (
    (
        "epidemic",
        "Epidemic: trade and services lose sales for half a year",
        "突发疫情：商贸与服务业半年销售受挫",
        1.6,
    ),
    ("property", "Property slump: builders and decorators", "房地产下行：建筑与装饰", 1.35),
    (
        "margin_squeeze",
        "Margin squeeze: purchases cost a fifth more",
        "成本上升：采购成本上涨两成",
        1.12,
    ),
    ("customers_leave", "A third of the customers leave", "三分之一客户流失", 1.28),
    ("standstill", "Two months without a sale", "停业两个月", 1.9),
)
FORMULA = "sum of amount over sale and valid, by month, then the mean"
MONTHS = [f"{2017 + index // 12}-{index % 12 + 1:02d}" for index in range(37)]
YUAN = 100


def sample_model(firms: int = 60, seed: int = 7, *, simulated: bool = True) -> dict[str, Any]:
    """A whole model of `firms` applicants, two thirds of them with a known outcome."""
    dice = np.random.default_rng(seed)
    applicants = [_firm(dice, index, firms) for index in range(firms)]
    return {
        "meta": _meta(simulated),
        "facts": _facts(dice),
        "graph": _graph(dice, firms),
        "score": _score(dice, applicants),
        "book": _book(applicants),
        "frontier": _frontier(),
        "stress": _stress(dice),
        "units": {
            each.name: {
                "en": each.en,
                "zh": each.zh,
                "unit": each.unit.value,
                "definition": FORMULA,
            }
            for each in PACK.features
        },
        "firms": applicants,
    }


def _meta(simulated: bool) -> dict[str, Any]:
    return {
        "title": {"en": "Small-firm loans on invoices", "zh": "小微企业发票信贷"},
        "source": "CUMCM 2020-C",
        "simulated": simulated,
        "as_of": "2020-02-29",
        "currency": "CNY",
        "pack": "sme_invoices",
        "version": "0.1.0",
        "cautions": [{"en": each.en, "zh": each.zh} for each in PACK.cautions],
        "evidence": {
            "entries": 214,
            "origin": "headrace-3f9a1c22b7d04e51",
            "note": {
                "en": "The checkpoint is signed by this machine's key; a copy of it that is kept "
                "elsewhere proves that nothing was rewritten.",
                "zh": "检查点由本机密钥签名；另存一份检查点，即可证明记录未被改写。",
            },
        },
    }


def _facts(dice: np.random.Generator) -> dict[str, Any]:
    tables = (("companies", 123, 0, 0), ("sales", 162_484, 3, 11), ("purchases", 210_947, 0, 4))
    totals = 9e9 * (1 + 0.25 * np.sin(np.arange(37) / 2)) * np.linspace(0.8, 1.1, 37)
    return {
        "reconciliation": [
            {
                "table": name,
                "file": "附件1：123家有信贷记录企业的相关数据.xlsx",
                "kind": "xlsx",
                "rows": rows,
                "accepted": rows - twice - aside,
                "duplicates": twice,
                "quarantined": aside,
            }
            for name, rows, twice, aside in tables
        ],
        "notes": [
            {
                "rule": "tax_sum",
                "table": "sales",
                "rows": 11,
                "example": "E17 08827710: 100.00 + 3.00 ≠ 103.01",
                "en": "Amount and tax do not add up to the total",
                "zh": "金额与税额之和不等于价税合计",
                "effect": "quarantine",
            },
            {
                "rule": "date_late",
                "table": "purchases",
                "rows": 4,
                "example": "2020-13-01",
                "en": "A date that no calendar has",
                "zh": "日期不存在",
                "effect": "quarantine",
            },
            {
                "rule": "rate_unusual",
                "table": "sales",
                "rows": 5120,
                "example": "0.0099",
                "en": "A tax rate outside the usual ones",
                "zh": "税率不在常见税率之列",
                "effect": "note",
            },
        ],
        "corrections": [
            {
                "kind": "void",
                "rule": "void",
                "count": 12_411,
                "en": "Voided invoices",
                "zh": "作废发票",
            },
            {
                "kind": "red",
                "rule": "red",
                "count": 3_208,
                "en": "Red-letter invoices",
                "zh": "红字发票",
            },
        ],
        "months": [
            {
                "month": month,
                "sales_minor": int(total),
                "purchases_minor": int(total * dice.uniform(0.6, 0.9)),
                "invoices": int(total / 2e6),
            }
            for month, total in zip(MONTHS, totals, strict=True)
        ],
    }


def _graph(dice: np.random.Generator, firms: int) -> dict[str, Any]:
    pairs = dice.integers(1, firms + 1, (14, 2))
    return {
        "trades": 31_020,
        "counterparties": 18_233,
        "components": 41,
        "same_papers": 37,
        "self_invoices": 12,
        "identities": 58,
        "two_way": [{"first": "E17", "second": "E31", "amount_minor": 9_120_000}],
        "hidden": [
            {
                "seller": f"E{seller}",
                "buyer": f"E{buyer}",
                "invoices": int(dice.integers(1, 60)),
                "amount_minor": int(dice.uniform(1e5, 9e7)),
            }
            for seller, buyer in pairs
            if seller != buyer
        ],
        "rings": [
            {
                "parties": ["E4", "E9", "E22"],
                "rounds": 3,
                "amount_minor": 48_120_000,
                "first": "2018-03-02",
                "last": "2019-11-20",
            },
            {
                "parties": ["E17", "E31"],
                "rounds": 1,
                "amount_minor": 9_120_000,
                "first": "2017-06-02",
                "last": "2018-01-11",
            },
        ],
    }


def _score(dice: np.random.Generator, applicants: list[dict[str, Any]]) -> dict[str, Any]:
    false_alarms = np.linspace(0, 1, 26)
    predicted = np.array([0.01, 0.04, 0.1, 0.22, 0.45, 0.8])
    points = np.array([each["points"] for each in applicants])
    edges = np.arange(380, 741, 30)
    known = np.array([each["outcome_known"] or "unknown" for each in applicants])
    return {
        "auc": {"value": 0.914, "low": 0.848, "high": 0.961},
        "brier": {"value": 0.092, "low": 0.066, "high": 0.121},
        "ks": 0.712,
        "slope": 0.94,
        "auc_spread": 0.009,
        "repeats": 20,
        "folds": 5,
        "rows": 123,
        "defaults": 27,
        "scale": [
            {"class": name, "pd_max": top} for name, top in zip(CLASSES, PD_MAX, strict=True)
        ],
        "bins": [
            {
                "predicted": float(each),
                "observed": float(np.clip(each + dice.normal(0, 0.05), 0, 1)),
                "firms": int(dice.integers(8, 40)),
                "low": float(max(each - 0.12, 0)),
                "high": float(min(each + 0.17, 1)),
            }
            for each in predicted
        ],
        "roc": [[float(each), float(each**0.12)] for each in false_alarms],
        "distribution": [
            {"from": int(low), "to": int(low + 30)}
            | {
                kind: int(((points >= low) & (points < low + 30) & (known == kind)).sum())
                for kind in ("repaid", "default", "unknown")
            }
            for low in edges
        ],
        "card": [_card_line(dice, term.feature) for term in LENDING.card.terms],
        "agreement": {
            "classes": list(CLASSES),
            "given": list(CLASSES),
            "counts": [[21, 6, 1, 0], [5, 24, 8, 0], [1, 7, 19, 5], [0, 1, 6, 19]],
        },
        "leaks": [
            {
                "feature": "given_rating",
                "rule": "near_perfect",
                "en": "The rating in the file is given after "
                "the outcome: every firm rated D defaulted",
                "zh": "原始评级晚于结果：评级 D 的企业全部违约",
            }
        ],
        "drift": [
            {"feature": term.feature, "psi": float(abs(dice.normal(0.05, 0.09)))}
            for term in LENDING.card.terms
        ],
    }


def _card_line(dice: np.random.Generator, feature: str) -> dict[str, Any]:
    definition = PACK.feature(feature)
    middle = _value(dice, definition.unit.value)
    spread = float(dice.uniform(4, 30))
    return {
        "feature": feature,
        "en": definition.en,
        "zh": definition.zh,
        "unit": definition.unit.value,
        "coefficient": float(dice.normal(0, 0.6)),
        "points_p10": -spread,
        "points_p50": 1.5,
        "points_p90": spread,
        "value_p10": middle * 0.3,
        "value_p50": middle,
        "value_p90": middle * 2.4,
    }


def _book(applicants: list[dict[str, Any]]) -> dict[str, Any]:
    approved = [each for each in applicants if each["decision"]["outcome"] == "approve"]
    lent = sum(each["decision"]["limit_minor"] for each in approved)
    loss = sum(
        int(each["probability"] * 0.45 * each["decision"]["limit_minor"]) for each in approved
    )
    count = {
        name: sum(each["decision"]["outcome"] == name for each in applicants)
        for name in ("approve", "refer", "decline")
    }
    reasons = sorted(
        {(each["decision"]["outcome"], each["decision"]["reason"]) for each in applicants}
    )
    return {
        "applicants": len(applicants),
        "approved": count["approve"],
        "referred": count["refer"],
        "declined": count["decline"],
        "approval_rate": count["approve"] / len(applicants),
        "budget_minor": 100_000_000 * YUAN,
        "lent_minor": lent,
        "rate_mean": 0.0642,
        "expected_drawn_minor": int(lent * 0.71),
        "expected_loss_minor": loss,
        "expected_loss_share": loss / lent,
        "expected_profit_minor": int(lent * 0.0213),
        "gap": 0.00021,
        "bound_minor": int(lent * 0.0213 * 1.0002),
        "greedy_profit_minor": int(lent * 0.0201),
        "greedy_approved": count["approve"],
        "best_profit_minor": int(lent * 0.0222),
        "best_approved": count["approve"] - 9,
        "best_greedy_profit_minor": int(lent * 0.0222),
        "backtest": {"firms": 21, "defaults": 1, "predicted": 1.4},
        "by_class": [_group("class", name, applicants, "rating_class") for name in CLASSES],
        "by_industry": [_group("industry", name, applicants, "industry") for name in INDUSTRIES],
        "by_reason": [
            {
                "outcome": outcome,
                "reason": reason,
                "en": LENDING.reasons[reason].en,
                "zh": LENDING.reasons[reason].zh,
                "count": sum(each["decision"]["reason"] == reason for each in applicants),
            }
            for outcome, reason in reasons
        ],
        "limits": [
            {
                "from_minor": low * YUAN,
                "to_minor": (low + 100_000) * YUAN,
                "count": sum(
                    low * YUAN <= each["decision"]["limit_minor"] < (low + 100_000) * YUAN
                    for each in approved
                ),
            }
            for low in range(100_000, 1_000_000, 100_000)
        ],
        "rates": [
            {
                "rate": float(rate),
                "count": sum(each["decision"]["rate"] == rate for each in approved),
            }
            for rate in sorted({each["decision"]["rate"] for each in approved})
        ],
    }


def _group(
    kind: str, name: str | None, applicants: list[dict[str, Any]], key: str
) -> dict[str, Any]:
    members = [each for each in applicants if each[key] == name]
    approved = [each for each in members if each["decision"]["outcome"] == "approve"]
    lent = sum(each["decision"]["limit_minor"] for each in approved)
    return {
        kind: name,
        "applicants": len(members),
        "approved": len(approved),
        "lent_minor": lent,
        "rate_mean": float(np.mean([each["decision"]["rate"] for each in approved]))
        if approved
        else None,
        "pd_mean": float(np.mean([each["probability"] for each in members])) if members else None,
        "expected_loss_minor": sum(
            int(each["probability"] * 0.45 * each["decision"]["limit_minor"]) for each in approved
        ),
    }


def _frontier() -> dict[str, Any]:
    points = [
        {
            "approval_rate": rate,
            "rate_mean": 0.045 + (cap or 0.15) * (0.16 + 0.6 * (rate - 0.3) ** 2),
            "expected_loss_share": float(0.006 + 0.05 * rate**3),
            "approved": int(rate * 60),
            "expected_profit_minor": int(6e7 * (cap or 0.15) / 0.15 * (1 - (rate - 0.62) ** 2)),
            "rate_cap": cap,
            "dominated": bool(rate < 0.4 and cap != 0.06),
            "chosen": cap == 0.1 and abs(rate - 0.62) < 0.01,
            "gap": 0.0003,
        }
        for cap in (0.06, 0.08, 0.1, 0.12, None)
        for rate in np.linspace(0.3, 0.78, 7).round(2).tolist()
    ]
    return {
        "points": points,
        "rule": {
            "en": "the highest expected profit among books that approve at least 60% at an "
            "expected loss of at most 2%.",
            "zh": "在批准率不低于60%、预期损失率不高于2%的方案中，取预期利润最高者。",
        },
    }


def _stress(dice: np.random.Generator) -> list[dict[str, Any]]:
    before = 3_120_000 * YUAN // 10
    return [
        {
            "scenario": name,
            "en": en,
            "zh": zh,
            "expected_loss_before_minor": before,
            "expected_loss_after_minor": int(before * factor),
            "profit_before_minor": 61_000_000,
            "profit_after_minor": int(61_000_000 - before * (factor - 1)),
            "worse": int(dice.integers(2, 15)),
            "by_industry": [
                {
                    "industry": industry,
                    "expected_loss_before_minor": before // 7,
                    "expected_loss_after_minor": int(before / 7 * dice.uniform(1, factor)),
                }
                for industry in INDUSTRIES
            ],
        }
        for name, en, zh, factor in SCENARIOS
    ]


def _firm(dice: np.random.Generator, index: int, firms: int) -> dict[str, Any]:
    probability = float(np.clip(np.exp(dice.normal(-2.9, 1.3)), 0.002, 0.97))
    rating = CLASSES[int(np.searchsorted(PD_MAX, probability))]
    features = {each.name: _value(dice, each.unit.value) for each in PACK.features}
    missing = [
        name
        for name in ("sales_growth", "purchases_growth", "purchase_hhi")
        if dice.random() < 0.15
    ]
    points = 600 - 20 / np.log(2) * np.log(probability / (1 - probability) * 19)
    pushes = np.sort(dice.normal(0, 14, len(LENDING.card.terms)))
    sales = np.exp(dice.normal(dice.uniform(14, 18), 0.5, 37))
    labelled = index < 2 * firms // 3
    return {
        "party": f"E{index + 1}",
        "name": f"***{TRADES[dice.integers(len(TRADES))]}有限公司",
        "industry": INDUSTRIES[dice.integers(len(INDUSTRIES))],
        "region": "重庆",
        "rating_class": rating,
        "given_rating": rating if labelled else None,
        "probability": probability,
        "low": probability * 0.55,
        "high": min(1.0, probability * 1.9),
        "points": round(float(points), 1),
        "outcome_known": ("default" if dice.random() < probability else "repaid")
        if labelled
        else None,
        "decision": _decision(dice, probability, rating, index),
        "reasons": [
            {
                "feature": term.feature,
                "value": None if term.feature in missing else features[term.feature],
                "points": round(float(push), 1),
            }
            for term, push in zip(LENDING.card.terms, pushes, strict=True)
        ],
        "features": features | dict.fromkeys(missing),
        "missing": missing,
        "months": [
            [month, int(amount), int(amount * dice.uniform(0.4, 1.0))]
            for month, amount in zip(MONTHS, sales, strict=True)
        ],
        "partners": [_partner(dice, place, firms) for place in range(int(dice.integers(6, 17)))],
        "rings": [1] if index + 1 in (4, 9, 22) else [],
        "scenarios": [
            {
                "scenario": name,
                "probability": min(1.0, probability * factor * float(dice.uniform(0.8, 1.1))),
            }
            for name, _, _, factor in SCENARIOS
        ],
    }


def _decision(
    dice: np.random.Generator, probability: float, rating: str, index: int
) -> dict[str, Any]:
    reason = "in_the_book"
    if rating == "D":
        reason = "rating_d"
    elif index + 1 in (4, 9, 22):
        reason = "trade_ring"
    elif dice.random() < 0.12:
        reason = ("history_short", "no_profitable_rate", "sales_stopped")[dice.integers(3)]
    outcome = {"in_the_book": "approve", "trade_ring": "refer"}.get(reason, "decline")
    rates = np.arange(0.04, 0.1501, 0.005).round(4)
    take_up = 1 - ((rates - 0.04) / 0.12) ** 0.6
    limit = int(dice.integers(10, 100)) * 10_000 * YUAN
    profit = limit * take_up * (rates - 0.02 - 0.45 * min(probability, 0.08))
    rate = float(rates[int(profit.argmax())])
    approved = outcome == "approve"
    return {
        "outcome": outcome,
        "reason": reason,
        "reason_text": {"en": LENDING.reasons[reason].en, "zh": LENDING.reasons[reason].zh},
        "limit_minor": limit if approved else None,
        "rate": rate if approved else None,
        "term_months": 12 if approved else None,
        "cap_minor": limit + 5_000_000 if approved else None,
        "parts": [
            {
                "en": "Sales, last 12 months",
                "zh": "近12个月销售额",
                "value": limit * 5,
                "unit": "money",
            },
            {
                "en": "Share of sales that class and pattern allow",
                "zh": "等级与经营特征允许的占比",
                "value": 0.2,
                "unit": "share",
            },
            {"en": "Cost of funding", "zh": "资金成本", "value": 0.02, "unit": "share"},
            {
                "en": "Expected loss a year",
                "zh": "年预期损失率",
                "value": 0.45 * probability,
                "unit": "share",
            },
        ]
        if approved
        else [],
        "alternatives": [
            {"rate": float(each), "take_up": float(share), "profit_minor": int(gain)}
            for each, share, gain in zip(rates, take_up, profit, strict=True)
        ]
        if approved
        else [],
        "rows": [
            {"table": "access", "row": 9, "text": "- → approve, meets_access_rules"},
            {"table": "limit", "row": 2, "text": 'rating_class "B" → turnover_share 0.25'},
        ],
    }


def _partner(dice: np.random.Generator, place: int, firms: int) -> dict[str, Any]:
    other = f"E{int(dice.integers(1, firms + 1))}" if dice.random() < 0.15 else None
    trade = TRADES[dice.integers(len(TRADES))]
    return {
        "name": f"***{trade}股份有限公司" if place % 3 else f"B{place + 1042:05d}",
        "direction": "sale" if place % 2 else "purchase",
        "amount_minor": int(np.exp(dice.normal(16, 1.5))),
        "invoices": int(dice.integers(1, 400)),
        "party": other,
    }


def _value(dice: np.random.Generator, unit: str) -> float | int:
    if unit == "money":
        return int(np.exp(dice.normal(17, 1.2)))
    if unit in ("count", "days"):
        return int(np.exp(dice.normal(3.5, 1)))
    if unit == "share":
        return float(dice.beta(1.5, 6))
    return float(np.exp(dice.normal(0, 0.5)))

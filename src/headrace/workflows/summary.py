"""The figures of a run in one object, and what is needed to compute any of it again."""

from collections.abc import Mapping
from typing import Any

from headrace.contracts.products.rules import Severity
from headrace.facts.ingest import Ingested
from headrace.facts.kinds import INVOICE
from headrace.workflows.book_report import book_section
from headrace.workflows.result import RunResult

HEADINGS = {
    "party": ("Party", "企业代号"),
    "name": ("Name", "企业名称"),
    "industry": ("Industry", "行业"),
    "outcome": ("Outcome", "决策结果"),
    "reason": ("Reason", "原因代码"),
    "limit_minor": ("Limit, yuan", "额度（元）"),
    "rate": ("Yearly rate", "年利率"),
    "term_months": ("Term, months", "期限（月）"),
    "rating_class": ("Class", "信用等级"),
    "probability": ("Probability of default", "违约概率"),
    "probability_low": ("its lower end (95 %)", "违约概率下限(95%)"),
    "probability_high": ("its upper end (95 %)", "违约概率上限(95%)"),
    "points": ("Points", "评分"),
    "cap_minor": ("Cap by turnover, yuan", "营业额上限（元）"),
    "take_up": ("Expected take-up", "预计接受率"),
    "expected_profit_minor": ("Expected profit, yuan", "预期利润（元）"),
    "expected_loss_minor": ("Expected loss, yuan", "预期损失（元）"),
    "most_harmful": ("Most harmful reason", "最主要扣分项"),
    "missing": ("Missing inputs", "缺失数据"),
    "decision_id": ("Decision", "决策编号"),
}
CONTRACT_HEADINGS = {
    "contract": ("Contract", "合同编号"),
    "party": ("Party", "企业代号"),
    "name": ("Name", "企业名称"),
    "decision_id": ("Decision", "决策编号"),
    "product": ("Product", "产品"),
    "currency": ("Currency", "币种"),
    "principal_minor": ("Limit, yuan", "额度（元）"),
    "rate": ("Yearly rate", "年利率"),
    "method": ("Repayment", "还款方式"),
    "start": ("Paid out on", "放款日"),
    "first_due": ("First payment", "首次还款日"),
    "maturity": ("Last payment", "到期日"),
    "instalments": ("Payments", "期数"),
    "first_payment_minor": ("First payment, yuan", "首期还款（元）"),
    "last_payment_minor": ("Last payment, yuan", "末期还款（元）"),
    "interest_minor": ("Interest in all, yuan", "利息合计（元）"),
    "take_up": ("Expected take-up", "预计接受率"),
    "probability": ("Probability of default", "违约概率"),
}


def contract_headings(language: str) -> dict[str, str]:
    """Headings of the sheet of contracts in a language, by column."""
    return {name: texts[1 if language == "zh" else 0] for name, texts in CONTRACT_HEADINGS.items()}


def headings(language: str) -> dict[str, str]:
    """Headings of the decisions sheet in a language, by column."""
    return {name: texts[1 if language == "zh" else 0] for name, texts in HEADINGS.items()}


def invoice_account(ingested: Ingested) -> dict[str, int]:
    """Rows of all invoice tables and what became of them: rows is the sum of the other three."""
    accounts = [each for each in ingested.reconciliation if each.kind == INVOICE.kind]
    return {
        name: sum(getattr(each, name) for each in accounts)
        for name in ("rows", "accepted", "duplicates", "quarantined")
    }


def summary(result: RunResult) -> dict[str, Any]:
    """The figures of a run: facts, score, book, contracts, digest; equal for equal runs.

    `facts` counts invoices; its `tables` count every table by itself. Money is in minor units,
    rates and shares are fractions. `score` holds nulls where a card was
    brought along and so nothing was measured.
    """
    accounts = result.ingested.reconciliation
    validation = result.market.scored.validation
    book = book_section(result.lent, result.market, result.pack.require_lending().reasons)
    for listed in ("by_class", "by_industry", "by_reason", "limits", "rates"):
        del book[listed]
    return {
        "source": result.source,
        "simulated": result.simulated,
        "as_of": result.as_of.isoformat(),
        "facts": {
            **invoice_account(result.ingested),
            "tables": {
                f"{each.table}:{each.kind}": {
                    "rows": each.rows,
                    "accepted": each.accepted,
                    "duplicates": each.duplicates,
                    "quarantined": each.quarantined,
                }
                for each in accounts
            },
        },
        "graph": {
            "trades": result.graph.trades.num_rows,
            "hidden_edges": result.graph.hidden.num_rows,
            "same_papers": result.graph.same_papers.num_rows,
            "self_invoices": result.graph.self_invoices.num_rows,
            "rings": result.graph.rings.num_rows,
        },
        "score": {
            "auc": validation and validation.auc.value,
            "auc_low": validation and validation.auc.low,
            "auc_high": validation and validation.auc.high,
            "brier": validation and validation.brier.value,
            "brier_low": validation and validation.brier.low,
            "brier_high": validation and validation.brier.high,
            "slope": validation and validation.slope,
            "ks": validation and validation.ks,
            "labelled": result.market.scored.card.rows,
            "defaults": result.market.scored.card.defaults,
            "leaks_allowed": [leak.feature for leak in result.market.scored.leaks],
        },
        "book": book,
        "contracts": {
            "count": len(result.offered.contracts),
            "refused": len(result.checked.refused),
            "not_known": result.checked.count(Severity.UNKNOWN),
            **result.offered.totals,
        },
        "digest": result.digest,
    }


def about(result: RunResult, code: Mapping[str, str]) -> dict[str, Any]:
    """What is needed to compute a decision of this run again."""
    return {
        "as_of": result.as_of.isoformat(),
        "code": dict(code),
        "pack": result.pack.name,
        "simulated": result.simulated,
        "source": result.source,
        "time_zone": result.zone,
    }

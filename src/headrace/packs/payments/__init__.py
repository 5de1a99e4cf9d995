"""Card payments: customer, terminal and pair features for fraud (银行卡交易反欺诈).

Definitions, and a fraud model as data: no policy, nothing is lent here.
"""

from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from headrace.pack import Pack, Text
from headrace.packs.payments.features import (
    FEATURE_SET,
    FEATURES,
    FRAUD_REPORT,
    HANDBOOK,
    LABEL_DELAY,
    LABELLED_PAYMENT,
    PAYMENT,
)
from headrace.packs.payments.texts import REASONS

__all__ = [
    "CAUTIONS",
    "FEATURES",
    "FEATURE_SET",
    "FRAUD_REPORT",
    "HANDBOOK",
    "HANDBOOK_COLUMNS",
    "HANDBOOK_NAMES",
    "LABELLED_PAYMENT",
    "LABEL_DELAY",
    "PAYMENT",
    "TITLE",
    "fraud_model",
    "load",
]

TITLE = Text("Fraud in card payments", "银行卡交易反欺诈")

HANDBOOK_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "id": "TRANSACTION_ID",
        "event_time": "TX_DATETIME",  # of no stated zone; read as UTC
        "customer": "CUSTOMER_ID",
        "terminal": "TERMINAL_ID",
        "amount": "TX_AMOUNT",  # in major units with two decimals; ours is in minor units
        "fraud": "TX_FRAUD",
    }
)
"""Columns of `LABELLED_PAYMENT`, and what the handbook's file calls them."""

HANDBOOK_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "payment_weekend": "TX_DURING_WEEKEND",
        "payment_night": "TX_DURING_NIGHT",
        "payment_amount": "TX_AMOUNT",
        "customer_payments_1d": "CUSTOMER_ID_NB_TX_1DAY_WINDOW",
        "customer_payments_7d": "CUSTOMER_ID_NB_TX_7DAY_WINDOW",
        "customer_payments_30d": "CUSTOMER_ID_NB_TX_30DAY_WINDOW",
        "customer_amount_mean_1d": "CUSTOMER_ID_AVG_AMOUNT_1DAY_WINDOW",
        "customer_amount_mean_7d": "CUSTOMER_ID_AVG_AMOUNT_7DAY_WINDOW",
        "customer_amount_mean_30d": "CUSTOMER_ID_AVG_AMOUNT_30DAY_WINDOW",
        "terminal_payments_1d_delayed": "TERMINAL_ID_NB_TX_1DAY_WINDOW",
        "terminal_payments_7d_delayed": "TERMINAL_ID_NB_TX_7DAY_WINDOW",
        "terminal_payments_30d_delayed": "TERMINAL_ID_NB_TX_30DAY_WINDOW",
        "terminal_risk_1d_delayed": "TERMINAL_ID_RISK_1DAY_WINDOW",
        "terminal_risk_7d_delayed": "TERMINAL_ID_RISK_7DAY_WINDOW",
        "terminal_risk_30d_delayed": "TERMINAL_ID_RISK_30DAY_WINDOW",
    }
)
"""Our features, and what the handbook calls them."""

CAUTIONS = (
    Text(
        "A terminal's risk is missing where it had no payments a week ago; the handbook says 0.",
        "终端一周前没有交易时，其欺诈占比为缺失；手册中记为0。",
    ),
    Text(
        "The fraud model that ships was fitted on simulated payments: fit it on your own.",
        "随附的欺诈模型由模拟交易训练，使用前请以自有数据重新训练。",
    ),
    Text(
        "The handbook's transactions are simulated: no figure on them speaks of real fraud.",
        "手册中的交易为模拟数据，其检测结果不代表真实欺诈的检测水平。",
    ),
)


def load() -> Pack:
    """The pack."""
    folder = resources.files(__name__) / "policy"
    policy = {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}
    return Pack(
        name="payments",
        title=TITLE,
        features=FEATURES,
        feature_set=FEATURE_SET,
        mappings={},
        cautions=CAUTIONS,
        policy={**policy, "fraud.json": fraud_model().encode()},
        customer_reasons=REASONS,
    )


def fraud_model() -> str:
    """The model that ships, as `headrace.scores.trees.model.Boosting.from_json` reads it.

    It takes all `FEATURES`, in their order. `python -m headrace.simulator.fraud_model` fits it.
    """
    return (resources.files(__name__) / "fraud_model.json").read_text(encoding="utf-8")

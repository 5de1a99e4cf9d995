"""Examples of bodies and answers in the API's document; tests send them, and check the answers."""

import json
from collections.abc import Mapping
from typing import Any

from headrace.pack import Text

INVOICE = {
    "id": "20260630-0001",
    "source": "erp",
    "purpose": "credit_assessment",
    "consent": "AUTH-2026-0017",
    "party": "S17",
    "counterparty": "B00844",
    "direction": "sale",
    "number": "12345678",
    "event_time": "2026-06-30",
    "currency": "CNY",
    "amount_minor": 1_000_000,
    "tax_minor": 130_000,
    "total_minor": 1_130_000,
    "status": "valid",
}
RETURNED = INVOICE | {
    "id": "20260630-0002",
    "number": "12345679",
    "amount_minor": -1_000_000,
    "tax_minor": -130_000,
    "total_minor": -1_130_000,
    "corrects_number": "12345678",
}
PAYMENT = {
    "id": "P-20260630-0001",
    "event_time": "2026-06-30T09:30:00+08:00",
    "customer": "C100",
    "terminal": "T7",
    "amount": 12_800,
}
TOLD = Text(
    "An invoice of 10,000.00 yuan before tax; amounts are in minor units",
    "一张不含税10,000.00元的发票；金额以分为单位",
)
TWO = Text("The same, and a red letter that takes it back", "同上，及冲销它的红字发票")


def _csv(rows: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(str(row.get(name, "")) for name in names) for row in rows]
    return "\n".join([",".join(names), *lines, ""])


def _shown(told: Text, value: object) -> dict[str, Any]:
    return {"summary": f"{told.en} ({told.zh})", "value": value}


BODIES: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "facts_send": {
        "application/json": {
            "invoice": _shown(TOLD, INVOICE),
            "invoices": _shown(TWO, [INVOICE, RETURNED]),
        },
        "application/x-ndjson": {
            "invoices": _shown(TWO, "".join(json.dumps(e) + "\n" for e in (INVOICE, RETURNED)))
        },
        "text/csv": {"invoices": _shown(TWO, _csv([INVOICE, RETURNED]))},
    },
    "apply": {
        "application/json": {
            "whole": _shown(
                Text("Half a million yuan to pay suppliers", "申请五十万元，用于支付货款"),
                {
                    "application_id": "app-20260630-0001",
                    "party": "S17",
                    "consent": "AUTH-2026-0017",
                    "purpose": "working_capital",
                    "amount_minor": 50_000_000,
                    "manager": "mei",
                },
            ),
            "most": _shown(
                Text("As much as there is", "按可贷最高额度"),
                {"application_id": "app-20260630-0002", "party": "S17", "consent": "AUTH-0017"},
            ),
        }
    },
    "decide": {
        "application/json": {
            "payment": _shown(Text("A card payment of 128.00", "一笔128.00元的刷卡支付"), PAYMENT)
        }
    },
    "decide_batch": {
        "application/json": {
            "payments": _shown(
                Text("Two payments, decided in order", "两笔支付，依次决策"),
                [PAYMENT, PAYMENT | {"id": "P-20260630-0002", "amount": 990_000}],
            )
        }
    },
    "consent_withdraw": {
        "application/json": {
            "from_then": _shown(
                Text("From the first of July on", "自七月一日起"),
                {"since": "2026-07-01T00:00:00+08:00"},
            )
        }
    },
}
"""Of requests: by operation and media type."""


def with_examples(name: str, operation: dict[str, Any]) -> None:
    """Put the examples of an operation into its part of the document."""
    content = operation.get("requestBody", {}).get("content", {})
    for media, shown in BODIES.get(name, {}).items():
        content[media] = content[media] | {"examples": shown}

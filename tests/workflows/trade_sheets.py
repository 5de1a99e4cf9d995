"""Acts of trade as rows of a sheet, short to write."""

from datetime import date, timedelta
from decimal import Decimal

from headrace.workflows.desk_rows import Row, Sheet, aside

DAY = date(2026, 3, 2)
PAPER = {"payee": "mill", "account": "62220212", "against": "INV-1", "amount": 400_00}


def act(kind, **values):
    return {"act": kind, "on": DAY, **values}


def sheet(*given):
    """Rows as they are after reading; each has the key of its place unless it brings one."""
    rows = [
        Row(number, {"key": f"K{number}", **values}) for number, values in enumerate(given, start=1)
    ]
    return Sheet(tuple(rows), aside([]), (), len(rows))


def asked(number="P1", **more):
    return act("ask", **{"payment": number, "borrower": "maker", **PAPER, **more})


def checked(**more):
    return act("check", payment="P1", by="li", **{**PAPER, **more})


PAYING = (
    asked(),
    act("hold", payment="P1"),
    checked(),
    act("approve", payment="P1", by="wang"),
    act("pay", payment="P1", payee="mill", account="62220212"),
)


def entered(number="O1", amount=1_000_00, share="0.7"):
    return act(
        "enter", order=number, buyer="trader", seller="core", amount=amount, share=Decimal(share)
    )


def agreed(number="D1", amount=1_000_00):
    return act(
        "agree", deal=number, dealer="dealer", core="core", amount=amount, share=Decimal("0.3"),
        due=DAY + timedelta(180),
    )  # fmt: skip

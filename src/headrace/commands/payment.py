"""`headrace payment`: see `headrace.workflows.trade_payments`."""

from headrace.commands.trade_run import trade_app
from headrace.workflows.trade_payments import PAYMENTS

app = trade_app(
    PAYMENTS,
    "Controlled payment (受托支付): asked for, drawn, checked by two, paid to whom it was for.",
    "Do the acts of a sheet in order: answers, where each payment stands, totals, movements.",
)

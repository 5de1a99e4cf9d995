"""`headrace order`: see `headrace.workflows.trade_orders`."""

from headrace.commands.trade_run import trade_app
from headrace.workflows.trade_orders import ORDERS

app = trade_app(
    ORDERS,
    "Draws against orders (订单融资): each order carries its financed share once.",
    "Do the acts of a sheet in order: answers, what each order still carries, totals, movements.",
)

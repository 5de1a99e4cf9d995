"""`headrace shipping`: see `headrace.workflows.trade_shipping`."""

from headrace.commands.trade_run import trade_app
from headrace.workflows.trade_shipping import SHIPPING

app = trade_app(
    SHIPPING,
    "Money first, goods later (保兑仓): the core ships what was deposited for.",
    "Do the acts of a sheet in order: answers, how each deal stands, totals, movements.",
)

"""Bank transfers that settle invoices, with delay."""

import numpy as np
import pyarrow as pa

from headrace.simulator.arrays import Ints
from headrace.simulator.books import Ledger, dates, money, number_texts, texts
from headrace.simulator.defaults import Outcomes
from headrace.simulator.firms import Firms
from headrace.simulator.trade import NOT_VOIDED

DELAY_DAYS_MEDIAN = 32.0
UNPAID_AFTER_DEFAULT = 0.85


def draw_payments(
    ledger: Ledger, firms: Firms, outcomes: Outcomes, share: float, rng: np.random.Generator
) -> pa.Table:
    """Transfers for a `share` of the valid invoices, in order of date, up to the as-of date.

    Weak buyers pay later; what falls due after the buyer's default mostly stays unpaid. A firm
    goes by its S identifier, for the bank knows whose account it is; an outsider by its code.
    """
    trades, count = ledger.trades, len(ledger.firms)
    payable = (trades.void_day == NOT_VOIDED) & (trades.amount > 0)
    payable &= trades.seller != trades.buyer
    place = np.flatnonzero(payable)
    place = place[rng.random(len(place)) < share]
    buyer, seller = trades.buyer[place], trades.seller[place]
    inside = buyer < count
    quality, default_day = np.zeros(len(place)), np.full(len(place), np.inf)
    quality[inside] = firms.quality[buyer[inside]]
    default_day[inside] = outcomes.day[buyer[inside]]
    noise = rng.normal(0, 0.7, len(place)) - 0.15 * quality
    day = trades.day[place] + 1 + (DELAY_DAYS_MEDIAN * np.exp(noise)).astype(np.int64)
    unpaid = (day >= default_day) & (rng.random(len(place)) < UNPAID_AFTER_DEFAULT)
    paid = np.flatnonzero((day < ledger.calendar.days) & ~unpaid)
    paid = paid[np.argsort(day[paid], kind="stable")]
    place, day = place[paid], day[paid]
    return pa.table(
        {
            "payer_id": _parties(buyer[paid], ledger.firms, ledger.buyer_codes),
            "payee_id": _parties(seller[paid], ledger.firms, ledger.seller_codes),
            "date": dates(ledger.calendar, day),
            "amount": money(trades.amount[place] + trades.tax[place]),
            "invoice_number": number_texts(ledger.number[place]),
        }
    )


def _parties(trader: Ints, firms: list[str], codes: list[str]) -> pa.Array:
    return texts(trader, firms + codes[len(firms) :])

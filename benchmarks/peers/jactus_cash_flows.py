"""The peer of contracts: JACTUS on the same loans.

    python benchmarks/peers/jactus_cash_flows.py CONTRACTS.json ONE_BY_ONE

CONTRACTS.json is a list of contracts by ACTUS term names, dates as ISO texts. Prints one JSON line:
the version; seconds of its array mode for all contracts, what it prepares in Python counted and
its compilation not (a first run is thrown away), and each contract's total; seconds of its scalar
mode for the first ONE_BY_ONE contracts, and their events. For double precision, as far as it has
it, set JAX_ENABLE_X64=1.
"""

import json
import sys
import time
from importlib.metadata import version
from typing import Any

from jactus.contracts import create_contract
from jactus.contracts.portfolio import simulate_portfolio
from jactus.core import ActusDateTime, ContractAttributes, ContractRole, ContractType
from jactus.core.types import (
    BusinessDayConvention,
    Calendar,
    DayCountConvention,
    EndOfMonthConvention,
)
from jactus.observers import ConstantRiskFactorObserver

NAMES = {
    "contractID": "contract_id",
    "currency": "currency",
    "statusDate": "status_date",
    "initialExchangeDate": "initial_exchange_date",
    "maturityDate": "maturity_date",
    "notionalPrincipal": "notional_principal",
    "nominalInterestRate": "nominal_interest_rate",
    "cycleOfInterestPayment": "interest_payment_cycle",
    "cycleAnchorDateOfInterestPayment": "interest_payment_anchor",
    "cycleOfPrincipalRedemption": "principal_redemption_cycle",
    "cycleAnchorDateOfPrincipalRedemption": "principal_redemption_anchor",
    "nextPrincipalRedemptionPayment": "next_principal_redemption_amount",
}
DAY_COUNTS = {
    "AA": DayCountConvention.AA,
    "A360": DayCountConvention.A360,
    "A365": DayCountConvention.A365,
    "30E360": DayCountConvention.E30360,
}
CALENDARS = {"NC": Calendar.NO_CALENDAR, "MF": Calendar.MONDAY_TO_FRIDAY}
BUSINESS_DAYS = {
    "NOS": BusinessDayConvention.NULL,
    "SCF": BusinessDayConvention.SCF,
    "CSMF": BusinessDayConvention.CSMF,
}


def attributes(contract: dict[str, Any]) -> ContractAttributes:
    """The contract in its words."""
    found: dict[str, Any] = {}
    for name, value in contract.items():
        if name not in NAMES:
            continue
        if "Date" in name:
            value = ActusDateTime.from_iso(f"{value}T00:00:00")  # noqa: PLW2901  # its own kind
        elif name.startswith("cycleOf"):  # P1ML1 is 1M-: a short stub
            value = value[1:].replace("L0", "+").replace("L1", "-")  # noqa: PLW2901
        found[NAMES[name]] = value
    return ContractAttributes(
        contract_type=ContractType[contract["contractType"]],
        contract_role=ContractRole[contract["contractRole"]],
        day_count_convention=DAY_COUNTS[contract["dayCountConvention"]],
        business_day_convention=BUSINESS_DAYS[contract["businessDayConvention"]],
        end_of_month_convention=EndOfMonthConvention[contract["endOfMonthConvention"]],
        calendar=CALENDARS[contract["calendar"]],
        **found,
    )


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123  # no more than this
        contracts = json.load(file)
    observer = ConstantRiskFactorObserver(constant_value=0.0)
    together = [(attributes(each), observer) for each in contracts]
    simulate_portfolio(together)
    began = time.perf_counter()
    together = [(attributes(each), observer) for each in contracts]
    found = simulate_portfolio(together)
    totals = [float(each) for each in found["total_cashflows"]]
    array_seconds = time.perf_counter() - began
    alone = contracts[: int(sys.argv[2])]
    create_contract(attributes(alone[0]), observer).simulate()
    began = time.perf_counter()
    results = [create_contract(attributes(each), observer).simulate() for each in alone]
    scalar_seconds = time.perf_counter() - began
    events = [
        [[e.event_time.to_iso()[:10], e.event_type.name, float(e.payoff)] for e in each.events]
        for each in results
    ]
    answer = {
        "version": version("jactus"),
        "array_seconds": array_seconds,
        "scalar_seconds": scalar_seconds,
        "totals": totals,
        "events": events,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()

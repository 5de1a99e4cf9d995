"""Small securitisations for tests: one by hand, and random ones with their twin's form."""

from datetime import date
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from headrace.contracts.conventions.calendars import months_after
from headrace.contracts.securitisation.dates import day_number
from headrace.contracts.securitisation.flows import Flows

CLOSING = date(2026, 1, 1)


def deal_data(periods=3, **changes):
    """A small deal: one account, a senior bond of 8,000.00 and an equity of 2,000.00."""
    data = {
        "name": "例",
        "dates": {
            "cutoff": CLOSING,
            "closing": CLOSING,
            "first_collection": "2026-01-31",
            "collection": "month_end",
            "first_payment": "2026-02-05",
            "payment": "day_of_month:5",
            "maturity": months_after(date(2026, 1, 6), periods),
        },
        "account": [{"name": "收款户"}],
        "collect": dict.fromkeys(("interest", "principal", "prepayment", "recovery"), "收款户"),
        "fee": [],
        "bond": [
            {"name": "优先", "rank": 1, "balance": 8000, "rate": 0.0365},
            {"name": "次级", "rank": 2, "balance": 2000, "rate": 0, "amortisation": "equity"},
        ],
        "waterfall": {
            "normal": [
                {"step": "pay_interest", "from": "收款户", "to": "优先"},
                {"step": "pay_principal", "from": "收款户", "to": "优先"},
                {"step": "pay_principal", "from": "收款户", "to": "次级"},
                {"step": "pay_residual", "from": "收款户", "to": "次级"},
            ]
        },
    }
    return data | changes


def pool(*rows, opening=None, default=()):
    """Flows on 31 January, 28 February …: (principal, interest) in fen."""
    days = [day_number(months_after(date(2026, 2, 1), k)) - 1 for k in range(len(rows))]
    principal = np.array([row[0] for row in rows], dtype=np.int64)
    interest = np.array([row[1] for row in rows], dtype=np.int64)
    lost = np.array([*default, *([0] * (len(rows) - len(default)))], dtype=np.int64)
    zero = np.zeros(len(rows), np.int64)
    held = int(principal.sum() + lost.sum()) if opening is None else opening
    return Flows(np.array(days), held, principal, interest, zero, lost, zero, lost)


def paid(done, target):
    return [(row.on.isoformat(), row.amount) for row in done.rows if row.target == target]


MONEY = st.integers(0, 2_000_000)
RATE = st.sampled_from([Fraction(0), Fraction(3, 100), Fraction(123456, 10**6), Fraction(1)])


@st.composite
def small_deals(draw):
    periods = draw(st.integers(1, 6))
    closing = draw(st.dates(date(2024, 1, 1), date(2027, 12, 28))).replace(day=1)
    dates = [
        (months_after(closing, k + 1), months_after(closing, k + 1).replace(day=11))
        for k in range(periods)
    ]
    bonds = []
    for number in range(draw(st.integers(1, 3))):
        scheduled = draw(st.booleans())
        points = sorted(draw(st.lists(MONEY, min_size=periods, max_size=periods)), reverse=True)
        schedule = [(on, left) for (_, on), left in zip(dates, points, strict=True)]
        bonds.append(
            {
                "name": f"优先{number}",
                "balance": draw(MONEY) + 1,
                "rate": draw(RATE),
                "on_unpaid": draw(st.booleans()),
                "schedule": schedule if scheduled else None,
            }
        )
    bonds.append(
        {"name": "次级", "balance": 1, "rate": Fraction(0), "on_unpaid": False, "schedule": None}
    )
    flows = draw(st.lists(st.tuples(MONEY, st.integers(0, 90_000), st.integers(0, 9000)),
                          min_size=periods, max_size=periods))  # fmt: skip
    target = draw(MONEY)
    return {
        "closing": closing,
        "dates": dates,
        "flows": flows,
        "opening": sum(p + d for p, _, d in flows),
        "rounding": draw(st.sampled_from(["down", "half_up"])),
        "fee": {"rate": draw(RATE), "cap": draw(st.none() | MONEY)},
        "reserve": {"opening": draw(st.integers(0, target)), "target": target},
        "payer": draw(st.none() | st.builds(dict, limit=MONEY)),
        "bonds": bonds,
        "style": draw(st.sampled_from(["in_order", "pro_rata"])),
    }


def yuan(fen):
    """An amount as deal data writes it."""
    return str(Fraction(fen) / 100 if fen % 100 == 0 else fen / 100)


def as_data(spec):
    """The deal of the twin as deal data."""
    senior = [bond["name"] for bond in spec["bonds"][:-1]]
    support = ["储备"] + (["差补人"] if spec["payer"] else [])
    order = {"in_order": spec["style"] == "in_order"}
    fee = {
        "name": "服务费", "kind": "annual", "start": spec["closing"], "base": "pool_balance",
        "rate": str(float(spec["fee"]["rate"])),
    }  # fmt: skip
    if spec["fee"]["cap"] is not None:
        fee["cap"] = yuan(spec["fee"]["cap"])
    bonds = []
    for rank, bond in enumerate(spec["bonds"], start=1):
        one = {
            "name": bond["name"], "rank": rank, "balance": yuan(bond["balance"]),
            "rate": str(float(bond["rate"])), "on_unpaid": bond["on_unpaid"],
        }  # fmt: skip
        if bond["schedule"] is not None:
            one |= {
                "amortisation": "schedule",
                "schedule": [[on, yuan(left)] for on, left in bond["schedule"]],
            }
        bonds.append(one)
    bonds[-1]["amortisation"] = "equity"
    return {
        "name": "随机",
        "rounding": spec["rounding"],
        "dates": {
            "cutoff": spec["closing"],
            "closing": spec["closing"],
            "first_collection": spec["dates"][0][0],
            "collection": [on for on, _ in spec["dates"]],
            "first_payment": spec["dates"][0][1],
            "payment": [on for _, on in spec["dates"]],
            "maturity": spec["dates"][-1][1],
        },
        "party": [
            {"name": "差补人", "role": "shortfall_payer", "limit": yuan(payer["limit"])}
            for payer in [spec["payer"]] if payer
        ],
        "account": [
            {"name": "收款户"},
            {"name": "储备", "opening": yuan(spec["reserve"]["opening"]),
             "target": {"yuan": yuan(spec["reserve"]["target"])}},
        ],
        "collect": dict.fromkeys(("interest", "principal", "prepayment", "recovery"), "收款户"),
        "fee": [fee],
        "bond": bonds,
        "waterfall": {
            "normal": [
                {"step": "pay_fee", "from": "收款户", "to": "服务费", "support": support},
                {"step": "pay_interest", "from": "收款户", "to": senior, "support": support}
                | order,
                {"step": "pay_principal", "from": "收款户", "to": senior, **order},
                {"step": "fill", "from": "收款户", "to": "储备"},
                {"step": "pay_residual", "from": "收款户", "to": "次级"},
            ]
        },
    }  # fmt: skip


def as_flows(spec):
    columns = np.array(spec["flows"], dtype=np.int64).reshape(-1, 3).T.copy()
    days = np.array([day_number(on) for on, _ in spec["dates"]])
    zero = np.zeros(len(days), np.int64)
    return Flows(days, spec["opening"], columns[0], columns[1], zero, columns[2], zero, columns[2])

"""What is known of a card payment as it is made, on a simulated stream: no card here is real."""

import numpy as np

from headrace.features.compile import compile_plan
from headrace.features.engines.batch import History, replay
from headrace.features.plan import make_plan
from headrace.packs.payments import FEATURE_SET
from headrace.simulator.card_payments import CardSettings, simulate_card_payments

KINDS = ("genuine", "large amount", "terminal compromised", "card leaked")
TELLING = ("payment_amount", "customer_amount_zscore_30d", "terminal_risk_30d_delayed")

stream = simulate_card_payments(CardSettings(payments=50_000), seed=1)
history = History({"payment": stream.payments, "fraud_report": stream.fraud_reports})

# As each payment arrives, with the frauds that were reported by then, and no later ones.
plan = compile_plan(make_plan(FEATURE_SET.only(TELLING)))
features = replay(plan, history, "payment").table

print("mean of".ljust(22) + "".join(f"{name:>28}" for name in TELLING))
for number, kind in enumerate(KINDS):
    chosen = features.select(TELLING).filter(stream.scenario == number)
    # A missing value is NaN here. It is left out: missing is not zero.
    means = [np.nanmean(column.to_numpy()) for column in chosen.columns]
    print(kind.ljust(22) + "".join(f"{mean:28,.3f}" for mean in means))

print("\nthe last three payments")
for payment in features.slice(features.num_rows - 3).to_pylist():
    print("; ".join(f"{name} {payment[name]:,.4g}" for name in TELLING))

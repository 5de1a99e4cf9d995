"""The fraud model that the payments pack ships, fitted on a simulated stream of card payments.

`python -m headrace.simulator.fraud_model --out src/headrace/packs/payments/fraud_model.json`

No public stream of card payments has a licence that would let a model of it ship. What this one
knows is what the simulator does (card_payments.py): it shows how a model is made, kept and used,
and is to be fitted again on a user's own payments.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer

from headrace.clock import day_number
from headrace.features.compile import compile_plan
from headrace.features.engines.batch import History, replay
from headrace.features.plan import make_plan
from headrace.packs.payments import FEATURE_SET, FEATURES
from headrace.scores.alerts import Payments
from headrace.scores.trees.model import Boosting
from headrace.simulator.card_payments import GENUINE, CardSettings, simulate_card_payments
from headrace.workflows.fraud import fit_fraud_model, matrix_of

STREAM = CardSettings(payments=300_000, customers=2_000, terminals=4_000, compromised=80, leaked=80)
SEED = 1
FIRST_DAY = 37  # from here on windows of 30 days that end a week before are full
CALIBRATION_DAY = 90  # the days from here on calibrate; those of the week before are not used
DELAY_DAYS = 7


@dataclass(frozen=True)
class Labelled:
    """A simulated stream as a model takes it.

    Attributes:
        features: All of the pack, as of each payment.
        payments: The day from the first on, the customer and the outcome of each.
    """

    features: pa.Table
    payments: Payments


def labelled_stream(settings: CardSettings, seed: int) -> Labelled:
    """A simulated stream with its features and its outcomes.

    Args:
        settings: Its size and make-up.
        seed: The same seed, the same stream.
    """
    drawn = simulate_card_payments(settings, seed)
    history = History({"payment": drawn.payments, "fraud_report": drawn.fraud_reports})
    features = replay(compile_plan(make_plan(FEATURE_SET)), history, "payment").table
    day = drawn.payments["event_time"].cast(pa.date32()).cast(pa.int32()).to_numpy()
    customer = drawn.payments["customer"].combine_chunks().indices.to_numpy()
    payments = Payments(
        day=day.astype(np.int64) - day_number(settings.start),
        card=customer.astype(np.int64),
        fraud=drawn.scenario != GENUINE,
    )
    return Labelled(features.select([each.name for each in FEATURES]), payments)


def simulated_fraud_model() -> Boosting:
    """Grown on the earlier days of a simulated stream, calibrated on the later ones."""
    stream = labelled_stream(STREAM, SEED)
    day, fraud = stream.payments.day, stream.payments.fraud
    grown = np.flatnonzero((day >= FIRST_DAY) & (day < CALIBRATION_DAY - DELAY_DAYS))
    model = fit_fraud_model(stream.features.take(grown), fraud[grown])
    later = np.flatnonzero(day >= CALIBRATION_DAY)
    rows = matrix_of(stream.features.take(later), model.names)
    said = f"simulated card payments, seed {SEED}; no customer, terminal or payment is real"
    return replace(model.calibrated(rows, fraud[later].astype(np.int64)), fitted_on=said)


def main(
    out: Annotated[Path, typer.Option(help="File to write.")],
) -> None:
    """Fit the fraud model that the payments pack ships."""
    model = simulated_fraud_model()
    out.write_text(model.to_json() + "\n", encoding="utf-8")
    typer.echo(f"{out}: {model.roots.size} trees, sha256 {model.digest()}")


if __name__ == "__main__":
    typer.run(main)

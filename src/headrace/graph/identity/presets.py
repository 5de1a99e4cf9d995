"""Settings that fit firms and persons of a Chinese bank as they are, to begin with."""

import numpy as np

from headrace.graph.identity.model import Agreement, Frequencies, Model
from headrace.graph.identity.settings import (
    FirmNameComparison,
    Measure,
    Settings,
    SharedComparison,
    TextComparison,
    block_on,
)
from headrace.graph.identity.training import Protocol

FIRMS = Settings(
    comparisons=(
        FirmNameComparison("names"),
        TextComparison("credit_code"),
        TextComparison("phone", by_frequency=True),
        TextComparison("legal_person", by_frequency=True),
    ),
    rules=(
        block_on("credit_code"),
        block_on("phone"),
        block_on("names.trade", "names.region"),
        block_on("names.sound", "names.region"),
        block_on("names.trade", "legal_person"),
        block_on("names.sound", "legal_person"),
        block_on("legal_person", "names.region", "names.business"),
        block_on("names.trade"),
    ),
    block_rows_max=60,
    single=("credit_code", "names.branch"),
)
"""Columns: names (a list: the present name, then former ones), credit_code (only valid ones, see
`codes.checked_codes`), phone, legal_person. Two valid codes, or a branch and its head office, are
never one party."""

FIRMS_PROTOCOL = Protocol(
    certain=(block_on("credit_code"),),
    recall=0.3,
    training=(block_on("credit_code"), block_on("phone")),
    pairs_min=500,
    otherwise={
        "names": (0.1395, 0.001, 1e-6, 0.0808, 0.1367, 1e-6, 0.227, 0.4149),
        "credit_code": (0.0993, 0.9007),
        "phone": (0.1141, 0.8859),
        "legal_person": (0.13, 0.87),
    },
)
"""Trained on pairs that share a code, where it is not compared, and on pairs that share a phone.

Where there are fewer than 500 such pairs, m is what was learned on 100,000 simulated records of
firms (benchmarks/workloads/firms_cn.py): a beginning, to be replaced by one's own."""


def _rarity(agreement: float) -> Frequencies:
    """Values of which nothing is known: each as rare as one of some sixty thousand."""
    nothing = np.zeros(0, np.uint64), np.zeros(0, np.float64)
    return Frequencies(*nothing, rarest=1.5e-5, agreement=agreement)


FIRMS_MODEL = Model(
    FIRMS,
    prior=1e-4,
    agreements=(
        Agreement(
            FIRMS_PROTOCOL.otherwise["names"],
            (1.0, 7.14e-5, 2.95e-5, 7e-6, 1.27e-6, 2.02e-6, 2.43e-7, 1.81e-8),
        ),
        Agreement(FIRMS_PROTOCOL.otherwise["credit_code"], (1.0, 1.34e-5)),
        Agreement(FIRMS_PROTOCOL.otherwise["phone"], (1.0, 1.32e-5)),
        Agreement(FIRMS_PROTOCOL.otherwise["legal_person"], (1.0, 8.07e-5)),
    ),
    frequencies={
        "names": _rarity(3.18e-5),
        "phone": _rarity(2.57e-5),
        "legal_person": _rarity(9.24e-5),
    },
)
"""What the same 100,000 simulated records taught, for sets too small to learn from: among a few
firms chance agreement cannot be told from sameness. The prior says that one pair in ten thousand is
one firm."""

PERSONS = Settings(
    comparisons=(
        TextComparison("name", Measure.JARO_WINKLER, (0.92, 0.8), by_frequency=True),
        TextComparison("birth_date", Measure.EDITS, (1.0,)),
        TextComparison("card_digest"),
        SharedComparison("firms", (1, 2)),
        SharedComparison("phones"),
        SharedComparison("colleagues", (1, 3)),
    ),
    rules=(
        block_on("card_digest"),
        block_on("name", "firms"),
        block_on("name", "phones"),
        block_on("name", "colleagues"),
        block_on("name", "birth_date"),
    ),
    block_rows_max=100,
    single=("card_digest",),
)
"""Columns: name, birth_date, card_digest (`codes.identity_card_digest`), and lists of firms, phones
and colleagues: namesakes are told apart by whom and what they share."""

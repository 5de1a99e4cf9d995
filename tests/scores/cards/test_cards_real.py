"""A card of real loans: the German credit set, trained on one half and tested on the other."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from headrace.adapters.score_sheets import read_card_xlsx, write_card_xlsx
from headrace.scores.cards.codec import card_from_json, card_to_json
from headrace.scores.cards.counterfactual import Direction, Ease, ways_to
from headrace.scores.cards.fitting import fit_card
from headrace.scores.cards.prepared import prepare
from headrace.scores.validation.figures import auc

pytestmark = pytest.mark.real
DURATION, AMOUNT = "f1", "f4"


@pytest.fixture(scope="module")
def loans(real_data):
    """Columns f0 to f19 and outcomes, 1 bad."""
    path = real_data.parent / "uci_german_credit" / "german.csv"
    if not path.exists():
        pytest.skip(f"the real data are not at {path}")
    table = pyarrow.csv.read_csv(
        path, read_options=pyarrow.csv.ReadOptions(autogenerate_column_names=True)
    )
    return table.drop_columns("f20"), (table["f20"].to_numpy() == 2).astype(np.int64)


@pytest.fixture(scope="module")
def card(loans):
    table, y = loans
    return fit_card(table.slice(0, 500), y[:500], seed=1)


def test_it_ranks_loans_that_it_has_not_seen(card, loans):
    table, y = loans
    assert auc(y[500:], card.probability(table.slice(500))) > 0.75


def test_one_by_one_and_after_every_journey_the_points_are_the_same(card, loans):
    table, _ = loans
    points = card.score(table)
    single = prepare(card)
    assert [single.score_mapping(row).points for row in table.to_pylist()] == points.tolist()
    for again in (
        card_from_json(card_to_json(card)),
        read_card_xlsx(write_card_xlsx(card), "german.xlsx"),
    ):
        assert again == card
        assert again.score(table).tobytes() == points.tobytes()


def test_some_refused_applicants_are_told_a_way(card, loans):
    table, _ = loans
    ease = {DURATION: Ease(Direction.DOWN), AMOUNT: Ease(Direction.DOWN)}
    ease = {name: each for name, each in ease.items() if name in card.features}
    points = card.score(table)
    cutoff = int(np.quantile(points, 0.5))
    told = 0
    for row in np.flatnonzero(points < cutoff)[:100]:
        applicant = table.slice(row, 1).to_pylist()[0]
        for way in ways_to(card, applicant, cutoff, ease):
            told += 1
            assert way.points >= cutoff
            assert {change.feature for change in way.changes} <= set(ease)
    assert told > 10


def test_columns_sliced_or_cut_into_chunks_score_alike(card, loans):
    table, _ = loans
    cut = pa.concat_tables([table.slice(0, 300), table.slice(300)])
    assert (card.score(cut) == card.score(table)).all()

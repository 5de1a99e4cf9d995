"""A model step takes trees, straight cards and points cards, sealed by the store or not."""

import numpy as np
import pyarrow as pa
import pytest

from headrace.errors import InputError
from headrace.scores.cards.codec import card_digest, card_to_json
from headrace.scores.cards.fitting import CardSettings, fit_card
from headrace.scores.store import saved
from headrace.workflows.policies import read_model


@pytest.fixture(scope="module")
def fitted():
    """A points card of two numbers, and one that also has a category."""
    rng = np.random.default_rng(3)
    risk = rng.normal(size=600)
    y = (rng.random(600) < 1 / (1 + np.exp(1.5 - risk))).astype(np.int64)
    table = pa.table(
        {
            "sales": risk + rng.normal(size=600),
            "age": risk + rng.normal(size=600),
            "trade": pa.array(np.where(risk > 0, "shop", "works")),
        }
    )
    plain = fit_card(table.select(["sales", "age"]), y, CardSettings(), seed=1)
    return plain, fit_card(table, y, CardSettings(), seed=1), table


@pytest.mark.parametrize("written", [lambda card: card_to_json(card).encode(), saved])
def test_a_points_card_answers_as_it_does_by_itself(fitted, written):
    card, _, table = fitted
    model = read_model(written(card), "risk.json")
    x = np.column_stack([table[name].to_numpy() for name in model.names])
    x[0] = np.nan  # missing has bins of its own
    columns = {name: x[:, at] for at, name in enumerate(model.names)}
    assert model.probability(x).tolist() == card.probability(columns).tolist()
    assert model.digest() == card_digest(card)


def test_categories_are_refused_with_their_column(fitted):
    _, card, _ = fitted
    with pytest.raises(InputError, match="reads numbers") as refusal:
        read_model(card_to_json(card).encode(), "risk.json")
    assert "risk.json" in refusal.value.where
    assert "trade" in refusal.value.where


@pytest.mark.parametrize(
    "content", [b"{}", b"[1]", b"no", b'{"kind": "cake"}', b'{"format": "headrace points card"}']
)
def test_what_is_no_model_is_refused_with_its_file(content):
    with pytest.raises(InputError) as refusal:
        read_model(content, "risk.json")
    assert "risk.json" in refusal.value.where

"""Labels, added terms, and what is needed before a card can be fitted."""

import numpy as np
import pyarrow as pa
import pytest

from headrace.errors import InputError, LeakageError
from headrace.packs import load
from headrace.workflows.score import SEED_MAX, ScoreSettings, score

LENDING = load("sme_invoices").require_lending()


def records(rows: list[tuple[str, str, str | None]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    names = ("party", "outcome", "rating")
    return pa.table({n: pa.array(c, pa.string()) for n, c in zip(names, columns, strict=True)})


def scored_with(found, rows, **settings):
    chosen = ScoreSettings(card=found.market.scored.card, **settings)
    return score(found.market.features, records(rows), LENDING, chosen)


def known(scored, found) -> dict[str, tuple[int, str]]:
    parties = found.market.features["party"].to_pylist()
    told = zip(parties, scored.outcome.tolist(), scored.given_rating.tolist(), strict=True)
    return {party: (outcome, rating) for party, outcome, rating in told if outcome >= 0}


def test_any_default_counts_whatever_the_order(found):
    rows = [("S1", "repaid", None), ("S1", "default", None), ("S2", "default", None),
            ("S2", "repaid", None), ("S3", "repaid", None), ("S3", "repaid", None)]  # fmt: skip
    labels = known(scored_with(found, rows), found)
    assert labels == {"S1": (1, ""), "S2": (1, ""), "S3": (0, "")}
    assert known(scored_with(found, rows[::-1]), found) == labels


def test_the_last_rating_known_is_kept_whole(found):
    long = "AAA-with-a-long-explanation"
    rows = [("S1", "repaid", "A"), ("S1", "repaid", long), ("S1", "repaid", None)]
    assert known(scored_with(found, rows), found) == {"S1": (0, long)}


def test_records_of_strangers_and_no_records_at_all_are_fine(found):
    assert known(scored_with(found, [("S999", "default", None)]), found) == {}
    none = scored_with(found, [])
    assert none.validation is None
    assert (none.outcome == -1).all()
    assert np.array_equal(none.probability, found.market.scored.probability)


def test_a_card_brought_along_gives_the_same_scores(found):
    again, first = scored_with(found, []), found.market.scored
    for name in ("terms", "probability", "low", "high", "points", "points_by_term"):
        assert getattr(again, name).tobytes() == getattr(first, name).tobytes()
    assert again.rating.tolist() == first.rating.tolist()


@pytest.mark.parametrize(("bad", "good"), [(0, 0), (0, 50), (9, 50), (50, 9)])
def test_too_few_labels_say_how_many_there_are_and_are_needed(found, bad, good):
    parties = found.market.features["party"].to_pylist()
    rows = [(party, "default" if at < bad else "repaid", None)
            for at, party in enumerate(parties[: bad + good])]  # fmt: skip
    with pytest.raises(InputError, match=f"{bad + good} firms .* {bad} of them") as error:
        score(found.market.features, records(rows), LENDING, ScoreSettings(repeats=1))
    assert "at least 10 defaults and 10 repaid" in error.value.remedy


def labels(found) -> list[tuple[str, str, str | None]]:
    parties = found.market.features["party"].to_pylist()
    outcome = found.market.scored.outcome
    return [
        (party, "default" if y else "repaid", "BAD"[int(y) :][:1])
        for party, y in zip(parties, outcome.tolist(), strict=True)
        if y >= 0
    ]


def fitted(found, *extras, **settings):
    chosen = ScoreSettings(repeats=1, extra_terms=extras, **settings)
    return score(found.market.features, records(labels(found)), LENDING, chosen)


def test_a_term_asked_for_twice_is_added_once(found):
    names = fitted(found, "supplier_count", "supplier_count").card.names
    assert names.count("supplier_count") == 1
    assert len(names) == len(LENDING.card.terms) + 1


def test_the_rating_by_either_name_is_refused_and_allowed_once(found):
    for extras in (["rating"], ["信誉评级"], ["rating", "信誉评级"]):
        with pytest.raises(LeakageError, match="rating was formed"):
            fitted(found, *extras)
    cheating = fitted(found, "rating", "信誉评级", allow_leakage=True)
    assert cheating.card.names.count("rating") == 1
    assert [leak.feature for leak in cheating.leaks] == ["rating"]


@pytest.mark.parametrize("extra", ["", "party", "as_of", "shoe_size", "sales_month_mean"])
def test_what_is_no_free_feature_cannot_be_added(found, extra):
    with pytest.raises(InputError, match="cannot be added") as error:
        fitted(found, extra)
    assert "supplier_count" in error.value.remedy
    assert "sales_month_mean'" not in error.value.remedy


def test_settings_that_cannot_be_are_refused(found):
    for seed in (-1, SEED_MAX + 1):
        with pytest.raises(InputError, match="is no seed"):
            ScoreSettings(seed=seed)
    with pytest.raises(InputError, match="takes a repeat"):
        ScoreSettings(repeats=0)
    with pytest.raises(InputError, match="cannot be added to"):
        ScoreSettings(card=found.market.scored.card, extra_terms=("supplier_count",))


def test_the_table_of_scores_adds_up_per_party(found):
    scored = found.market.scored
    table = scored.table(found.market.features["party"].to_pylist())
    parts = [table[name].to_numpy() for name in table.column_names if name.startswith("points.")]
    whole = scored.card.points_mean_applicant + sum(parts)
    assert np.allclose(whole, table["points"].to_numpy())
    assert table["outcome"].null_count == int((scored.outcome < 0).sum())
    assert len(set(table.column_names)) == table.num_columns

"""Laws of the chain map that hold for any trade and any text."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.graph.chains.industry import Declared, fit_industries
from headrace.graph.chains.markets import concentration, neighbourhood
from headrace.graph.chains.model import ChainMap, steps_upstream
from headrace.graph.chains.placing import finder, on_chain, place_declared, place_texts
from headrace.graph.chains.supply import (
    Supply,
    path_to_core,
    positions,
    sales_dependence,
    second_tier,
    tiers,
    total_position,
)

LAW = settings(max_examples=40, deadline=None)
FIRMS = 6
ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(1, 50)).filter(
        lambda row: row[0] != row[1]
    ),
    min_size=1,
    max_size=14,
)


def trade(rows, sales=None):
    one, other, amount = zip(*rows, strict=True) if rows else ((), (), ())
    return Supply(
        FIRMS, np.array(one, np.int32), np.array(other, np.int32), np.array(amount, float), sales
    )


def codes(*values):
    return np.array(values, np.int32)


@LAW
@given(ROWS, st.lists(st.booleans(), min_size=14, max_size=14))
def test_what_is_hidden_lies_between_low_and_high(rows, shown):
    """Some sales are hidden, the totals are not: the truth is within what is said."""
    totals = np.bincount([row[0] for row in rows], [row[2] for row in rows], FIRMS)
    cores = codes(0, 1)
    truth = sales_dependence(trade(rows, totals), cores)
    seen = trade([row for row, keep in zip(rows, shown, strict=False) if keep], totals)
    found = sales_dependence(seen, cores)
    assert (found.low <= truth.high + 1e-9).all()
    assert (found.high >= truth.low - 1e-9).all()
    assert (found.low >= found.direct - 1e-12).all()


@LAW
@given(ROWS)
def test_every_tier_has_a_path_of_its_length(rows):
    supply = trade(rows)
    found = tiers(supply, codes(0))
    for firm in range(FIRMS):
        path = path_to_core(supply, found, firm)
        assert len(path) == max(found.tier[firm], 0)
        at = firm
        for edge in path:
            assert supply.supplier[edge] == at
            at = supply.customer[edge]
        assert not len(path) or at == 0


@LAW
@given(ROWS)
def test_the_second_tier_is_every_way_of_two_sales(rows):
    supply = trade(rows)
    found = second_tier(supply, 0)
    ways = {(int(supply.supplier[edge]), int(supply.customer[edge]), int(edge))
            for edge in range(len(rows))
            if supply.customer[edge] in {row[0] for row in rows if row[1] == 0}
            and supply.customer[edge] != 0 and supply.supplier[edge] != 0}  # fmt: skip
    assert set(zip(found.firm.tolist(), found.through.tolist(), found.first.tolist(),
                   strict=True)) == ways  # fmt: skip
    assert (np.diff(found.attributed) <= 1e-9).all(), "the largest first"
    assert (found.attributed <= found.amount + 1e-9).all()
    assert (supply.customer[found.last] == 0).all()


@LAW
@given(ROWS, st.integers(0, 5))
def test_a_neighbourhood_is_two_rings(rows, centre):
    found = neighbourhood(trade(rows), centre)
    partners = {row[1] for row in rows if row[0] == centre} | {
        row[0] for row in rows if row[1] == centre
    }
    assert set(found.customers.tolist()) | set(found.suppliers.tolist()) == partners
    beyond = {end for row in rows for end in row[:2] if set(row[:2]) & partners}
    assert set(found.beyond.tolist()) == beyond - partners - {centre}


@LAW
@given(ROWS)
def test_parts_over_all_cores_stay_within_the_whole(rows):
    found = positions(trade(rows), codes(0, 1, 2))
    sales, purchases, _ = total_position(found, FIRMS)
    assert (sales <= 1 + 1e-9).all()
    assert (purchases <= 1 + 1e-9).all()
    customers, _ = concentration(trade(rows))
    known = customers[~np.isnan(customers)]
    assert ((known > 0) & (known <= 1 + 1e-12)).all()


@pytest.fixture(scope="module")
def chain():
    names = ["聚酯", "聚酯薄膜", "薄膜", "铝箔", "铝箔袋"]
    return ChainMap(
        pa.array(names), pa.nulls(5, pa.string()), np.zeros(5, np.int8), codes(1, 4), codes(0, 3),
        np.ones(2), codes(1), codes(2),
    )  # fmt: skip


TEXTS = st.lists(st.text("聚酯薄膜铝箔袋，（）不含 *", max_size=12), max_size=5)


@LAW
@given(TEXTS)
def test_the_evidence_of_a_placement_is_in_its_text(chain, texts):
    weight = np.full(len(texts), 12.0)
    found = place_texts(finder(chain), np.arange(len(texts), dtype=np.int32), texts, weight)
    names = chain.names.to_pylist()
    for node, how, text, start, end, score in zip(
        found.node, found.how, found.text, found.start, found.end, found.score, strict=True
    ):
        quoted = texts[text][start:end]
        assert quoted
        assert 0 < score <= 1 + 1e-12
        assert how != 1 or quoted == names[node], "a word is the name itself"
    spoken = set(found.text.tolist())
    assert spoken | set(found.unplaced.tolist()) == set(range(len(texts)))
    assert not spoken & set(found.unplaced.tolist())
    assert found.weight.sum() == pytest.approx(12.0 * len(spoken))


@LAW
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(1, 9)), max_size=9))
def test_shares_of_a_firm_add_up_to_one(chain, rows):
    one, node, weight = zip(*rows, strict=True) if rows else ((), (), ())
    products = [chain.names[each].as_py() for each in node]
    found = place_declared(finder(chain), codes(*one), products, np.array(weight, float))
    kept = on_chain(found)
    assert len({*zip(kept.firm.tolist(), kept.node.tolist(), strict=True)}) == len(kept.firm)
    shares = np.bincount(kept.firm, kept.share, 4)
    assert shares[sorted(set(one))] == pytest.approx(1.0)


def test_steps_never_rise_by_more_than_one_along_an_input(chain):
    found = steps_upstream(chain, codes(1))
    for user, needed in zip(chain.user, chain.input, strict=True):
        if found[user] >= 0:
            assert 0 <= found[needed] <= found[user] + 1


def test_the_order_of_products_does_not_matter():
    words, firm = ["水泥", "熟料", "生猪", "仔猪"], codes(0, 0, 1, 1)
    classes = ["建材", "养殖"]
    one = fit_industries(Declared(2, firm, words, np.full(4, 0.5)), codes(0, 1), classes)
    turned = Declared(2, firm[::-1].copy(), words[::-1], np.full(4, 0.5))
    other = fit_industries(turned, codes(0, 1), classes)
    asked = Declared(1, codes(0), ["猪"], np.ones(1))
    assert one.scores(asked) == pytest.approx(other.scores(asked))
    assert one.scores(asked)[0, 1] > one.scores(asked)[0, 0]

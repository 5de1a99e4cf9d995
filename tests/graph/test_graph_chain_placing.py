"""Firms on the chain: from what they declare, invoice and are licensed for."""

import numpy as np
import pyarrow as pa
import pytest

from headrace.errors import InputError
from headrace.graph.chains.industry import Declared, fit_industries, ranked
from headrace.graph.chains.model import ChainMap, NodeKind, steps_upstream, top_level, wider
from headrace.graph.chains.placing import How, finder, on_chain, place_declared, place_texts

NAMES = ["锂电池", "正极材料", "碳酸锂", "锂矿石", "新能源汽车", "三元正极材料", "电池", "生产"]
BATTERY, CATHODE, CARBONATE, ORE, CAR, TERNARY, POWER, MAKING = range(8)
INDUSTRY = 8


def codes(*values):
    return np.array(values, np.int32)


@pytest.fixture
def chain():
    return ChainMap(
        pa.array([*NAMES, "电力设备"]),
        pa.array([None] * 8 + ["630000"]),
        np.array([NodeKind.PRODUCT] * 8 + [NodeKind.INDUSTRY], np.int8),
        codes(CAR, BATTERY, CATHODE, CARBONATE, ORE), codes(BATTERY, CATHODE, CARBONATE, ORE, CAR),
        np.ones(5), codes(TERNARY, BATTERY, POWER), codes(CATHODE, POWER, INDUSTRY),
    )  # fmt: skip


def test_steps_upstream_end_though_the_chain_is_a_loop(chain):
    assert steps_upstream(chain, codes(CAR)).tolist() == [1, 2, 3, 4, 0, -1, -1, -1, -1]
    assert steps_upstream(chain, codes(CARBONATE, BATTERY))[CATHODE] == 1
    assert steps_upstream(chain, codes()).tolist() == [-1] * 9


def test_kinds_of_kinds(chain):
    assert wider(chain).tolist() == [POWER, -1, -1, -1, -1, CATHODE, INDUSTRY, -1, -1]
    assert top_level(chain)[[BATTERY, TERNARY, ORE]].tolist() == [INDUSTRY, CATHODE, ORE]


def test_an_edge_to_nowhere_is_refused():
    one = pa.array(["甲"])
    with pytest.raises(InputError, match="node 5 is not there"):
        ChainMap(one, one, np.zeros(1, np.int8), codes(0), codes(5), np.ones(1), codes(), codes())


def shown(found, texts):
    return [
        (int(firm), NAMES[node], How(how).name, texts[text][start:end])
        for firm, node, how, text, start, end in zip(
            found.firm, found.node, found.how, found.text, found.start, found.end, strict=True
        )
    ]


def test_a_scope_places_a_firm_with_the_words_that_say_so(chain):
    texts = ["三元正极材料研发；电池回收（不含锂电池）；软件开发"]
    found = place_texts(finder(chain), codes(7), texts, np.array([np.nan]))
    assert shown(found, texts) == [
        (7, "三元正极材料", "WORD", "三元正极材料"),
        (7, "电池", "WORD", "电池"),
    ]
    assert found.score.tolist() == pytest.approx([6 / 8, 2 / 4])


def test_an_invoice_line_shares_its_amount_among_what_is_found(chain):
    texts = ["*电池*锂电池", "办公用品", "*化工产品*钛白粉"]
    found = place_texts(finder(chain), codes(0, 0, 1), texts, np.array([100.0, 5.0, 30.0]))
    assert shown(found, texts) == [
        (0, "电池", "WORD", "电池"),
        (0, "锂电池", "WORD", "锂电池"),
    ]
    assert found.weight.tolist() == [50, 50]
    assert found.unplaced.tolist() == [1, 2]


def test_what_is_done_with_goods_is_no_place(chain):
    found = place_texts(finder(chain), codes(0), ["生产"], np.array([1.0]))
    assert len(found.firm) == 0


def test_declared_products_by_name_or_by_likeness(chain):
    products = ["碳酸锂", "正极的材料", "抵销"]
    found = place_declared(finder(chain), codes(1, 1, 1), products, np.array([0.6, 0.3, 0.1]))
    assert [NAMES[node] for node in found.node] == ["碳酸锂", "正极材料"]
    assert found.how.tolist() == [How.NAMED, How.ALIKE]
    assert found.score[0] == 1
    assert 0.6 <= found.score[1] < 1, "nearly the same characters"
    assert found.unplaced.tolist() == [2]


def test_rows_of_one_firm_and_node_become_one(chain):
    texts = ["锂电池", "锂电池", "电池"]
    found = place_texts(finder(chain), codes(3, 3, 3), texts, np.array([10.0, 20.0, 70.0]))
    rows = on_chain(found)
    assert rows.node.tolist() == [BATTERY, POWER]
    assert rows.share.tolist() == pytest.approx([0.3, 0.7])
    unknown = on_chain(place_texts(finder(chain), codes(3), ["电池"], np.array([np.nan])))
    assert np.isnan(unknown.share).all()


def test_nothing_places_nobody(chain):
    found = place_texts(finder(chain), codes(), [], np.empty(0))
    assert len(on_chain(found).firm) == 0


PRODUCTS = ["肉鸡", "鸡苗", "生猪", "猪饲料", "水泥", "熟料", "混凝土", "水泥制品"]


def test_industries_are_learnt_and_every_product_says_its_part():
    learnt = Declared(4, codes(0, 0, 1, 1, 2, 2, 3, 3), PRODUCTS, np.full(8, 0.5))
    model = fit_industries(learnt, codes(0, 0, 1, 1), ["养殖", "建材"])
    asked = Declared(2, codes(0, 0, 1), ["鸡饲料", "水泥", "白水泥"], np.array([0.9, 0.1, np.nan]))
    scores = model.scores(asked)
    best = ranked(scores, 1)[:, 0]
    assert best.tolist() == [0, 1]
    said = model.said(asked, best)
    assert np.bincount(asked.firm, said) == pytest.approx(scores[[0, 1], best])
    assert said[0] > said[1], "feed speaks for farming, cement does not"


def test_a_firm_of_which_nothing_is_known_scores_nothing():
    learnt = Declared(2, codes(0, 1), ["水泥", "生猪"], np.ones(2))
    model = fit_industries(learnt, codes(0, 1), ["建材", "养殖"])
    assert model.scores(Declared(1, codes(0), ["XYZ"], np.ones(1))).tolist() == [[0, 0]]
    with pytest.raises(InputError, match="industry"):
        fit_industries(learnt, codes(0, 2), ["建材", "养殖"])


def test_confidence_is_how_often_such_a_guess_was_right():
    rng = np.random.default_rng(6)
    kinds = ["水泥", "生猪", "锂电池", "钢材"]
    label = rng.integers(0, 4, 400).astype(np.int32)
    told = np.where(rng.random(400) < 0.7, label, rng.integers(0, 4, 400))  # a fifth mislead
    words = [kinds[at] + "甲乙丙丁戊"[rng.integers(0, 5)] for at in told]
    every = Declared(400, np.arange(400, dtype=np.int32), words, np.ones(400))
    model = fit_industries(every, label, ["建材", "养殖", "电池", "金属"])
    scores = model.scores(every)
    right = (ranked(scores, 1)[:, 0] == label).mean()
    assert model.confidence(scores).mean() == pytest.approx(right, abs=0.05)
    assert (np.diff(model.chances) >= 0).all()
    assert model.confidence(np.zeros((1, 4)))[0] == model.chances[0]

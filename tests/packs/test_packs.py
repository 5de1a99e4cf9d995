"""What every pack must be, the day it is written."""

import pytest

from headrace.errors import InputError
from headrace.features.compile import compile_plan
from headrace.features.plan import make_plan
from headrace.packs import PACKS, load

LENDS = [name for name in PACKS if load(name).lending is not None]
ONLY_FEATURES = [name for name in PACKS if name not in LENDS]


def test_there_are_packs_of_both_kinds():
    assert LENDS
    assert ONLY_FEATURES


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_is_called_what_it_is_loaded_by(name):
    assert load(name).name == name


@pytest.mark.parametrize("name", PACKS)
def test_its_features_are_those_of_its_set_in_order_and_those_of_the_graph(name):
    pack = load(name)
    computed = [each.definition for each in pack.features if each.definition is not None]
    assert tuple(computed) == pack.feature_set.definitions
    assert all(each.definition.name == each.name for each in pack.features if each.definition)


@pytest.mark.parametrize("name", PACKS)
def test_features_are_named_once_and_in_both_languages(name):
    features = load(name).features
    for words in ("name", "en", "zh"):
        said = [getattr(each, words) for each in features]
        assert all(said), words
        assert len(set(said)) == len(said), words


@pytest.mark.parametrize("name", PACKS)
def test_it_can_be_planned_and_compiled(name):
    compiled = compile_plan(make_plan(load(name).feature_set))
    assert compiled.plan.names == tuple(each.name for each in load(name).feature_set.definitions)


@pytest.mark.parametrize("name", PACKS)
def test_its_texts_are_in_both_languages(name):
    pack = load(name)
    for text in (pack.title, *pack.cautions):
        assert text.in_language("en")
        assert text.in_language("zh")


@pytest.mark.parametrize("name", LENDS)
def test_a_pack_that_lends_scores_by_features_it_has(name):
    pack, lending = load(name), load(name).require_lending()
    assert {term.feature for term in lending.card.terms} <= {each.name for each in pack.features}
    assert len(lending.scale.classes) == len(lending.scale.pd_max)
    assert lending.files
    assert all(text.en and text.zh for text in lending.reasons.values())


@pytest.mark.parametrize("name", ONLY_FEATURES)
def test_a_pack_of_features_only_says_so_where_it_is_asked_to_lend(name):
    with pytest.raises(InputError, match="features only") as refused:
        load(name).require_lending()
    assert name in refused.value.problem
    assert "headrace features" in refused.value.remedy


def test_an_unknown_pack_is_refused_with_those_there_are():
    with pytest.raises(InputError, match="no pack 'loans'") as refused:
        load("loans")
    assert refused.value.remedy == f"packs: {', '.join(PACKS)}"

import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import CURVE, economics, people

from headrace.decisions.lending.decision import (
    Alternative,
    Decision,
    LimitParts,
    Outcome,
    Points,
    RateParts,
    RuleFired,
    Version,
    from_json,
    rate_parts,
)
from headrace.decisions.lending.offers import price_offers
from headrace.decisions.lending.optimise import optimise
from headrace.errors import InputError


@pytest.fixture(scope="module")
def book():
    rows = [("E1", 0.02, "A", 500_000, "电子"), ("E2", 0.9, "C", 500_000, "食品")]
    return optimise(price_offers(people(rows), economics(), CURVE))


@pytest.fixture(scope="module")
def approved(book):
    return Decision(
        decision_id="run7-E1",
        party="E1",
        as_of=date(2020, 2, 21),
        outcome=Outcome.APPROVE,
        reasons=("long_history", "电子"),
        currency="CNY",
        limit_minor=int(book.limit_minor[0]),
        rate=book.rate(0),
        term_months=12,
        limit_parts=LimitParts(80_000_000, None, 50_000_000, int(book.limit_minor[0])),
        rate_parts=rate_parts(book, 0),
        pd=0.02,
        rating="A",
        points=(Points("void_share_sales", 12.5), Points("history_months", -3.0)),
        rules=(RuleFired("access", 9, 'rating: "A"'), RuleFired("limit", 4, "otherwise")),
        missing_inputs=("growth",),
        versions=(Version("table:access", "ab" * 32), Version("code", "0.1.0")),
    )


DECLINED = Decision("run7-E2", "E2", date(2020, 2, 21), Outcome.DECLINE, ("rating_d",), "CNY")


def test_a_decision_survives_its_bytes(approved):
    for decision in (approved, DECLINED):
        assert from_json(decision.to_json_bytes()) == decision
        assert from_json(decision.to_json_bytes().decode()) == decision


def test_the_bytes_are_canonical(approved):
    content = approved.to_json_bytes()
    assert content == approved.to_json_bytes()
    document = json.loads(content)
    again = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert content == again.encode()
    assert "电子".encode() in content
    assert document["rate"] == str(approved.rate)
    assert document["as_of"] == "2020-02-21"
    assert document["outcome"] == "approve"
    assert document["limit_parts"]["cap_by_class_minor"] is None
    assert isinstance(document["limit_minor"], int)


alternatives = st.builds(
    Alternative,
    rate=st.decimals(0, 1, places=4),
    take_up=st.floats(0, 1),
    profit_minor=st.integers(-(10**12), 10**12),
)
shares = st.floats(0, 1)
parts = st.builds(
    RateParts, shares, shares, shares, st.floats(-1, 1), alternatives, st.none() | alternatives,
    st.none() | alternatives,
)  # fmt: skip


@given(
    st.text(),
    st.dates(),
    st.lists(st.text(), min_size=1, max_size=3).map(tuple),
    st.none() | parts,
    st.none() | st.floats(0, 1),
    st.lists(st.builds(Points, st.text(), st.floats(-99, 99)), max_size=3).map(tuple),
)
def test_any_decision_survives_its_bytes(party, as_of, reasons, rate, pd, points):
    decision = Decision(
        "d",
        party,
        as_of,
        Outcome.REFER,
        reasons,
        "CNY",
        rate_parts=rate,
        pd=pd,
        points=points,
    )
    assert from_json(decision.to_json_bytes()) == decision


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("limit_minor", "100", "decision.limit_minor"),
        ("limit_minor", 1.5, "decision.limit_minor"),
        ("limit_minor", True, "decision.limit_minor"),
        ("rate", "four", "decision.rate"),
        ("as_of", "21/02/2020", "decision.as_of"),
        ("as_of", 20200221, "decision.as_of"),
        ("outcome", "maybe", "decision.outcome"),
        ("reasons", "rating_d", "decision.reasons"),
        ("rules", [{"table": "access", "row": 1}], "decision.rules"),
        ("party", None, "decision.party"),
    ],
)
def test_a_changed_record_is_refused_by_key(approved, key, value, where):
    document = json.loads(approved.to_json_bytes()) | {key: value}
    with pytest.raises(InputError) as caught:
        from_json(json.dumps(document))
    assert caught.value.where == where


def test_a_record_with_other_keys_or_no_record_is_refused(approved):
    document = json.loads(approved.to_json_bytes())
    with pytest.raises(InputError, match="another type"):
        from_json(json.dumps(document | {"comment": "x"}))
    del document["pd"]
    with pytest.raises(InputError, match="another type"):
        from_json(json.dumps(document))
    with pytest.raises(InputError, match="not JSON"):
        from_json(b"{")
    with pytest.raises(InputError, match="another type"):
        from_json("[]")


def test_outcomes_and_terms_agree():
    base = ("d", "E1", date(2020, 1, 1))
    with pytest.raises(InputError, match="a limit, a rate and a term"):
        Decision(*base, Outcome.APPROVE, ("good",), "CNY", limit_minor=100)
    with pytest.raises(InputError, match="no terms"):
        Decision(*base, Outcome.DECLINE, ("bad",), "CNY", rate=Decimal("0.05"))
    for outcome in (Outcome.DECLINE, Outcome.REFER):
        with pytest.raises(InputError, match="gives a reason"):
            Decision(*base, outcome, (), "CNY")


def test_where_a_rate_goes(book):
    """PD 2 %: 2 % money, 0.9 % expected loss, 2 % of the interest forgone, the rest is margin."""
    found = rate_parts(book, 0)
    rate = float(found.offered.rate)
    assert found.funding == pytest.approx(0.02)
    assert found.expected_loss == pytest.approx(0.02 * 0.45)
    assert found.interest_forgone == pytest.approx(0.02 * rate)
    total = found.funding + found.expected_loss + found.interest_forgone + found.margin
    assert total == pytest.approx(rate)
    per_yuan = book.offers.profit[0, book.rate_index[0]]
    assert found.margin * found.offered.take_up == pytest.approx(per_yuan)


def test_the_next_rates_are_shown_with_what_they_would_bring(book):
    found = rate_parts(book, 0)
    index = int(book.rate_index[0])
    assert found.offered.rate == book.rate(0) == book.offers.rates[index]
    assert found.cheaper.rate == book.offers.rates[index - 1]
    assert found.dearer.rate == book.offers.rates[index + 1]
    assert found.offered.profit_minor == book.totals.profit_minor
    assert found.cheaper.profit_minor < found.offered.profit_minor > found.dearer.profit_minor
    assert found.cheaper.take_up > found.offered.take_up > found.dearer.take_up


def test_at_the_ends_of_the_grid_there_is_no_next_rate():
    rows = [("E1", 0.02, "A", 500_000, "x")]
    only = economics(rates=(Decimal("0.0705"),))
    found = rate_parts(optimise(price_offers(people(rows), only, CURVE)), 0)
    assert (found.cheaper, found.dearer) == (None, None)


def test_where_nothing_is_lent_there_is_no_rate(book):
    with pytest.raises(ValueError, match="nothing is lent"):
        rate_parts(book, 1)

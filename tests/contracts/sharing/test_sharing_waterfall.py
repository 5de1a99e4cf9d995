"""One claim down the layers, one recovery back: worked examples, the twin, conservation."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sharing_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.sharing.apportioning import apportion
from headrace.contracts.sharing.book import shipped
from headrace.contracts.sharing.scheme import Layer, RecoveryOrder, Scheme, Share
from headrace.contracts.sharing.waterfall import Usage, allocate, recover
from headrace.errors import InputError
from headrace.money import to_minor
from strategies_sharing import LARGE, schemes

CASES = Path(__file__).parents[2] / "data" / "contracts" / "sharing_waterfall.csv"
DAY = date(2024, 3, 1)


def cases():
    with CASES.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fen(yuan):
    return to_minor(Decimal(yuan), "CNY")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["case"])
def test_worked_examples(case):
    claims = [claim.split() for claim in case["claims_yuan"].split(";")]
    first = date.fromisoformat(claims[0][1])
    scheme = shipped().scheme(case["scheme"], first).bound(fen(case["base_yuan"]))
    usage, borne = Usage(), dict.fromkeys(scheme.parties, 0)
    for loan, day, amount in claims:
        allocation, usage = allocate(scheme, usage, loan, date.fromisoformat(day), fen(amount))
        for piece in allocation.pieces:
            borne[piece.party] += piece.amount
    expected = dict(part.split() for part in case["bears_yuan"].split(";"))
    assert {party: amount for party, amount in borne.items() if amount} == {
        party: fen(amount) for party, amount in expected.items()
    }


@given(st.integers(0, LARGE), st.lists(st.integers(0, 10**9), min_size=1, max_size=6))
def test_apportioning_adds_up_and_nobody_is_off_by_a_unit(amount, weights):
    if not sum(weights):
        weights[0] = 1
    given_ = apportion(amount, weights)
    assert given_ == reference.apportion(amount, weights)
    assert sum(given_) == amount
    total = sum(weights)
    for part, weight in zip(given_, weights, strict=True):
        assert abs(part * total - amount * weight) < total


def test_nobody_to_bear_an_amount_is_an_error():
    with pytest.raises(InputError, match="nobody"):
        apportion(1, [0, 0])
    with pytest.raises(InputError, match="negative"):
        apportion(-1, [1])


claims_drawn = st.lists(
    st.tuples(
        st.sampled_from("ABC"), st.integers(0, 3), st.one_of(st.integers(1, 900), st.just(LARGE))
    ),
    max_size=8,
)


@settings(max_examples=150)
@given(schemes(), claims_drawn)
def test_the_waterfall_equals_its_twin_and_conserves_every_fen(scheme, drawn):
    drawn = sorted(drawn, key=lambda claim: claim[1])
    expected = reference.bears(scheme, [(loan, 2024 + year, a) for loan, year, a in drawn])
    usage = Usage()
    for (loan, year, amount), borne in zip(drawn, expected, strict=True):
        on = date(2024 + year, 1, 1)
        allocation, usage = allocate(scheme, usage, loan, on, amount)
        assert {party: allocation.borne(party) for party in scheme.parties} == borne
        assert sum(piece.amount for piece in allocation.pieces) == amount
        assert all(piece.amount > 0 for piece in allocation.pieces)


@settings(max_examples=100)
@given(schemes(), st.integers(1, 2000), st.lists(st.integers(1, 900), min_size=1, max_size=4))
def test_recoveries_conserve_and_never_exceed_what_was_borne(scheme, amount, back):
    allocation, _ = allocate(scheme, Usage(), "A", DAY, amount)
    pieces = [(piece.layer, piece.party, piece.amount) for piece in allocation.pieces]
    first = recover(scheme, allocation, back[0])
    got, surplus = reference.recovers(scheme, pieces, back[0])
    assert {party: first.to.get(party, 0) for party in scheme.parties} == got
    assert first.surplus == surplus
    total = 0
    for part in back:
        done = recover(scheme, allocation, part)
        assert sum(done.to.values()) + done.surplus == part
        assert min(done.allocation.open) >= 0
        assert min(done.to.values(), default=1) > 0
        allocation, total = done.allocation, total + part
    assert sum(allocation.open) == max(amount - total, 0)


def two_layers(order):
    first = Layer("first", "首损", "first", (Share("partner", Decimal(1)),), cap_pool_minor=300)
    return Scheme("two", "两层", "two", (first,), recovery=order)


@pytest.mark.parametrize(
    ("order", "partner", "bank"),
    [("pro_rata", 150, 350), ("last_first", 0, 500), ("first_first", 300, 200)],
)
def test_the_order_of_recoveries_says_who_is_whole_first(order, partner, bank):
    scheme = two_layers(RecoveryOrder(order))
    allocation, _ = allocate(scheme, Usage(), "A", DAY, 1000)
    assert (allocation.borne("partner"), allocation.borne("bank")) == (300, 700)
    done = recover(scheme, allocation, 520, cost=20)
    assert (done.to.get("partner", 0), done.to.get("bank", 0)) == (partner, bank)
    assert done.cost == 20


def test_a_deductible_and_a_cap_of_a_loan_are_used_up_over_its_claims():
    layer = Layer(
        "policy", "保单", "policy", (Share("insurer", Decimal(1)),),
        deductible_loan_minor=100, cap_loan_minor=500, waiting_days=180,
    )  # fmt: skip
    scheme = Scheme("one", "一层", "one", (layer,))
    first, usage = allocate(scheme, Usage(), "A", DAY, 60)
    second, usage = allocate(scheme, usage, "A", DAY, 300)
    third, usage = allocate(scheme, usage, "A", DAY, 1000)
    other, _ = allocate(scheme, usage, "B", DAY, 300)
    paid = [each.borne("insurer") for each in (first, second, third, other)]
    assert paid == [0, 260, 240, 200]
    assert second.pieces[0].payable_on == DAY + timedelta(days=180)


def test_what_cannot_be_is_refused():
    one = (Share("a", Decimal(1)),)
    with pytest.raises(InputError, match="add up"):
        Layer("x", "层", "layer", (Share("a", Decimal("0.5")),))
    with pytest.raises(InputError, match="twice"):
        Layer("x", "层", "layer", (Share("a", Decimal("0.5")), Share("a", Decimal("0.5"))))
    with pytest.raises(InputError, match="at most 1"):
        Layer("x", "层", "layer", one, covers=Decimal(0))
    with pytest.raises(InputError, match="below 0"):
        Layer("x", "层", "layer", one, cap_loan_minor=-1)
    layer = Layer("x", "层", "layer", one, cap_year_rate=Decimal("0.05"))
    with pytest.raises(InputError, match="alike"):
        Scheme("s", "方案", "scheme", (layer, layer))
    with pytest.raises(InputError, match="rates"):
        allocate(Scheme("s", "方案", "scheme", (layer,)), Usage(), "A", DAY, 1)
    with pytest.raises(InputError, match="above 0"):
        allocate(Scheme("s", "方案", "scheme", ()), Usage(), "A", DAY, 0)
    allocation, _ = allocate(Scheme("s", "方案", "scheme", ()), Usage(), "A", DAY, 5)
    with pytest.raises(InputError, match="above 0"):
        recover(Scheme("s", "方案", "scheme", ()), allocation, 0)
    with pytest.raises(InputError, match="cost"):
        recover(Scheme("s", "方案", "scheme", ()), allocation, 5, cost=6)


def test_a_rate_binds_to_the_stricter_of_amount_and_part_of_the_base():
    layer = Layer(
        "x", "层", "layer", (Share("a", Decimal(1)),), attachment_rate=Decimal("0.01"),
        cap_pool_minor=700, cap_pool_rate=Decimal("0.05"), cap_year_rate=Decimal("0.03"),
    )  # fmt: skip
    bound = layer.bound(10_000)
    assert (bound.attachment_minor, bound.cap_year_minor, bound.cap_pool_minor) == (100, 300, 500)
    assert layer.relative
    assert not bound.relative

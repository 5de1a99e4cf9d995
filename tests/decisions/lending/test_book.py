import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import book_reference
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from worlds import CURVE, YUAN, economics, people, random_offers, random_people

from headrace.decisions.lending.book import Constraints, broken, greedy, make_book
from headrace.decisions.lending.economics import churn_curve
from headrace.decisions.lending.offers import price_offers
from headrace.decisions.lending.optimise import most_approvals, optimise
from headrace.errors import InfeasibleError

FREE = Constraints()

tiny_firm = st.tuples(
    st.floats(0, 0.6).map(lambda pd: round(pd, 3)),
    st.sampled_from(["A", "B", "C", "C", "D"]),
    st.sampled_from([0, 100_000, 110_000, 120_000, 130_000]),
    st.sampled_from(["x", "y", None]),
)
few_rates = st.lists(
    st.sampled_from(CURVE.rates), min_size=1, max_size=3, unique=True
).map(lambda rates: tuple(sorted(rates)))  # fmt: skip
shares = st.sampled_from([Decimal("0.2"), Decimal("0.34"), Decimal("0.5"), Decimal("0.9")])
some_constraints = st.builds(
    Constraints,
    approvals_min=st.integers(0, 3),
    mean_rate_max=st.none() | st.sampled_from([Decimal("0.045"), Decimal("0.07"), Decimal("0.1")]),
    loss_rate_max=st.none() | st.sampled_from([Decimal("0.02"), Decimal("0.061"), Decimal("0.13")]),
    industry_share_max=st.none() | shares,
)


@st.composite
def tiny_offers(draw):
    firms = draw(st.lists(tiny_firm, min_size=1, max_size=3))
    lender = economics(draw(st.sampled_from([110_000, 230_000, 345_678, 400_000])))
    lender = replace(lender, rates=draw(few_rates))
    return price_offers(people([(f"E{i}", *row) for i, row in enumerate(firms)]), lender, CURVE)


@settings(max_examples=120, deadline=None)
@given(tiny_offers(), some_constraints)
def test_the_best_of_all_tiny_books_is_found(offers, constraints):
    best = book_reference.best_profit(offers, constraints)
    try:
        book = optimise(offers, constraints, gap_max=0.0)
    except InfeasibleError as error:
        reachable = error.where == "approvals_min"
        assert best is None if reachable else best in {None, 0.0}
        return
    assert best is not None
    earned = (book.chosen(offers.profit) * book.limit_minor).sum()
    assert earned == pytest.approx(best, rel=1e-6, abs=1.0)
    assert book.proof.bound >= best - 1.0


@settings(max_examples=60, deadline=None)
@given(tiny_offers(), some_constraints)
def test_the_most_loans_of_all_tiny_books_is_found(offers, constraints):
    try:
        most = most_approvals(offers, constraints)
    except InfeasibleError:  # a cap that no loan meets, or nobody eligible
        most = 0
    assert most == book_reference.most_loans(offers, constraints)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 60), st.integers(0, 10_000), st.integers(0, 12_000_000), some_constraints
)  # fmt: skip
def test_every_book_keeps_to_budget_bounds_steps_and_constraints(count, seed, budget, constraints):
    offers = random_offers(count, seed, budget)
    try:
        book = optimise(offers, constraints)
    except InfeasibleError:
        assume(constraints != FREE)
        return
    lender, limits = offers.economics, book.limit_minor[book.lent]
    assert book.totals.limit_minor == limits.sum() <= lender.budget_minor
    assert (limits % lender.limit_step_minor == 0).all()
    assert (limits >= lender.limit_min_minor).all()
    assert (limits <= offers.applicants.cap_minor[book.lent]).all()
    assert (book.limit_minor[~book.lent] == 0).all()
    assert broken(book, constraints) == ()
    assert book.proof.gap <= 1e-3
    assert book.proof.bound >= book.totals.profit_minor - 2
    baseline = greedy(offers, constraints)
    if not broken(baseline, constraints):
        assert book.totals.profit_minor >= baseline.totals.profit_minor - 2


@pytest.fixture(scope="module")
def offers():
    return random_offers(150, 3, 30_000_000)


def test_the_optimiser_never_does_worse_than_greedy(offers):
    for seed in range(5):
        world = random_offers(80, seed, 9_990_000)
        best, baseline = optimise(world), greedy(world)
        assert best.totals.profit_minor >= baseline.totals.profit_minor
        assert best.proof.bound >= baseline.totals.profit_minor - 2  # fen lost in rounding


def test_greedy_worked_by_hand():
    """The better firm is filled first; what is left is too little for the third."""
    rows = [
        ("E1", 0.10, "A", 300_000, "x"),
        ("E2", 0.01, "A", 400_000, "x"),
        ("E3", 0.05, "A", 500_000, "x"),
        ("E4", 0.90, "A", 500_000, "x"),
    ]
    book = greedy(price_offers(people(rows), economics(950_000), CURVE))
    assert (book.limit_minor / YUAN).tolist() == [0, 400_000, 500_000, 0]
    room = Constraints(industry_share_max=Decimal("0.5"))
    capped = greedy(price_offers(people(rows), economics(950_000), CURVE), room)
    assert (capped.limit_minor / YUAN).tolist() == [0, 400_000, 0, 0]
    assert broken(capped, room) == ()


def test_a_budget_that_binds_and_one_that_does_not(offers):
    tight, ample = optimise(offers), optimise(random_offers(150, 3, 1_000_000_000))
    assert tight.totals.limit_minor > 0.999 * offers.economics.budget_minor
    assert ample.totals.profit_minor > tight.totals.profit_minor
    at_cap = ample.limit_minor[ample.lent] == ample.offers.applicants.cap_minor[ample.lent]
    assert at_cap.all()
    worth = np.nan_to_num(ample.offers.profit, nan=-1.0).max(axis=1) > 0
    assert (ample.lent == worth).all()


@pytest.mark.parametrize(
    ("name", "value", "measure", "slack"),
    [
        ("approvals_min", 120, lambda totals: totals.approvals, 0),
        ("mean_rate_max", Decimal("0.07"), lambda totals: totals.mean_rate, 0.001),
        ("loss_rate_max", Decimal("0.02"), lambda totals: totals.loss_rate, 0.001),
    ],
)
def test_a_constraint_binds_where_the_free_book_breaks_it(offers, name, value, measure, slack):
    constraints = replace(FREE, **{name: value})
    free, bound = optimise(offers), optimise(offers, constraints)
    assert broken(free, constraints) == (name,)
    assert broken(bound, constraints) == ()
    assert measure(bound.totals) == pytest.approx(float(value), abs=slack)
    assert bound.totals.profit_minor < free.totals.profit_minor


def test_the_share_of_an_industry_binds(offers):
    constraints = Constraints(industry_share_max=Decimal("0.15"))
    assert broken(optimise(offers), constraints) == ("industry_share_max",)
    book = optimise(offers, constraints)
    names = np.array(offers.applicants.industry)
    sums = [book.limit_minor[names == name].sum() for name in set(names)]
    assert max(sums) == pytest.approx(0.15 * offers.economics.budget_minor, rel=0.01)


def test_firms_without_a_known_industry_count_as_one():
    rows = [(f"E{i}", 0.02, "A", 500_000, None) for i in range(4)]
    offers = price_offers(people(rows), economics(2_000_000), CURVE)
    book = optimise(offers, Constraints(industry_share_max=Decimal("0.5")))
    assert book.totals.limit_minor == 1_000_000 * YUAN


def test_a_constraint_that_does_not_bind_costs_nothing(offers):
    loose = Constraints(1, Decimal("0.15"), Decimal("0.9"), Decimal(1))
    free = optimise(offers, gap_max=0.0).totals.profit_minor
    assert optimise(offers, loose, gap_max=0.0).totals.profit_minor == pytest.approx(free, rel=1e-6)


def refusal(offers, constraints) -> InfeasibleError:
    with pytest.raises(InfeasibleError) as caught:
        optimise(offers, constraints)
    return caught.value


def test_too_many_approvals_name_the_most_and_the_budget_needed(offers):
    small = replace(offers, economics=offers.economics.with_budget(2_000_000 * YUAN))
    error = refusal(small, Constraints(approvals_min=30))
    assert error.where == "approvals_min"
    assert "met is 20 with everything else as it is, or budget ¥3,000,000" in error.remedy
    more = refusal(small, Constraints(approvals_min=151))
    assert more.remedy.endswith("20 with everything else as it is")


def test_the_industry_share_is_named_where_it_is_the_obstacle(offers):
    share = Decimal("0.01")
    error = refusal(offers, Constraints(approvals_min=100, industry_share_max=share))
    assert "met is 15 with everything else as it is" in error.remedy
    nearest = Decimal(error.remedy.rsplit(" ", 1)[1])
    assert most_approvals(offers, Constraints(industry_share_max=nearest)) >= 100
    closer = nearest - Decimal("0.001")
    assert most_approvals(offers, Constraints(industry_share_max=closer)) < 100


def test_the_loss_rate_is_named_where_it_is_the_obstacle(offers):
    cap = Decimal("0.01")
    error = refusal(offers, Constraints(approvals_min=130, loss_rate_max=cap))
    assert "loss_rate_max 0.0" in error.remedy
    nearest = Decimal(error.remedy.rsplit(" ", 1)[1])
    book = optimise(offers, Constraints(approvals_min=130, loss_rate_max=nearest))
    assert cap < book.totals.loss_rate <= float(nearest) + 1e-9


def test_caps_that_no_loan_can_meet_are_named_with_the_nearest(offers):
    error = refusal(offers, Constraints(mean_rate_max=Decimal("0.039")))
    assert (error.where, "0.04, the lowest rate" in error.remedy) == ("mean_rate_max", True)
    rows = [("E1", 0.1, "A", 500_000, "x")]
    one = price_offers(people(rows), economics(), CURVE)
    error = refusal(one, Constraints(loss_rate_max=Decimal("0.04")))
    assert (error.where, "0.045" in error.remedy) == ("loss_rate_max", True)


def test_nobody_eligible_is_an_empty_book_unless_loans_are_asked_for():
    nobody = price_offers(people([("E1", 0.1, "D", 500_000, "x")]), economics(), CURVE)
    book = optimise(nobody, Constraints(mean_rate_max=Decimal("0.01")))
    assert (book.totals.approvals, book.totals.mean_rate, book.totals.loss_rate) == (0, None, None)
    assert "nobody is eligible" in refusal(nobody, Constraints(approvals_min=1)).remedy
    assert optimise(price_offers(people([]), economics(), CURVE)).totals.approval_rate == 0.0


def test_nobody_worth_lending_to_is_an_empty_book_too():
    rows = [(f"E{i}", 0.9, "C", 500_000, "x") for i in range(3)]
    book = optimise(price_offers(people(rows), economics(), CURVE))
    assert (book.totals.approvals, book.totals.profit_minor, book.proof.gap) == (0, 0, 0.0)
    forced = optimise(book.offers, Constraints(approvals_min=2))
    assert forced.totals.approvals == 2
    assert forced.totals.profit_minor < 0


def test_equals_are_served_in_the_order_of_their_party():
    rows = [(f"E{i}", 0.02, "A", 500_000, "x") for i in (3, 1, 2, 0)]
    book = optimise(price_offers(people(rows), economics(1_200_000), CURVE))
    limits = dict(zip(book.offers.applicants.party, book.limit_minor, strict=True))
    assert sum(limits.values()) == 1_200_000 * YUAN
    assert limits["E0"] >= limits["E1"] >= limits["E2"] >= limits["E3"]


def test_the_order_of_the_applicants_does_not_matter(offers):
    constraints = Constraints(approvals_min=110, mean_rate_max=Decimal("0.08"))
    firms = offers.applicants
    order = np.random.default_rng(0).permutation(len(firms))
    shuffled = replace(
        firms,
        party=tuple(firms.party[i] for i in order),
        pd=firms.pd[order],
        rating=tuple(firms.rating[i] for i in order),
        cap_minor=firms.cap_minor[order],
        industry=tuple(firms.industry[i] for i in order),
    )
    one = optimise(offers, constraints)
    other = optimise(price_offers(shuffled, offers.economics, CURVE), constraints)
    assert (other.limit_minor == one.limit_minor[order]).all()
    assert (other.rate_index == one.rate_index[order]).all()
    assert other.totals == one.totals


def test_totals_add_up_and_are_rounded_once(offers):
    book = optimise(offers)
    totals, step = book.totals, book.limit_minor
    assert totals.profit_minor == (totals.interest_minor - totals.loss_minor - totals.funding_minor)
    assert totals.loss_minor == pytest.approx((book.chosen(offers.loss) * step).sum(), abs=1)
    assert totals.loss_rate == pytest.approx(totals.loss_minor / totals.drawn_minor)
    assert totals.approval_rate == totals.approvals / 150
    assert step.sum() == totals.limit_minor
    assert (book.chosen(offers.profit) * step).sum() == pytest.approx(totals.profit_minor, abs=2)
    rates = [book.rate(row) for row in np.flatnonzero(book.lent)]
    assert len(rates) == totals.approvals
    assert set(rates) <= set(offers.rates)


def test_a_book_over_budget_is_a_bug(offers):
    with pytest.raises(AssertionError, match="keep to the budget"):
        make_book(offers, offers.cap_steps, np.zeros(150, np.int64))


SAME_BYTES = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from decimal import Decimal
from worlds import random_offers
from headrace.decisions.lending.book import Constraints
from headrace.decisions.lending.optimise import optimise
offers = random_offers(120, 5, 20_000_000)
book = optimise(offers, Constraints(90, Decimal("0.08"), Decimal("0.05"), Decimal("0.3")))
print(hashlib.sha256(book.limit_minor.tobytes() + book.rate_index.tobytes()).hexdigest())
print(book.totals, book.proof)
"""


def test_the_same_bytes_in_two_processes_with_one_and_two_threads():
    here = str(Path(__file__).parent)
    printed = []
    for threads in ("1", "2"):
        counts = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        done = subprocess.run(
            [sys.executable, "-c", SAME_BYTES, here],
            env=os.environ | counts,
            capture_output=True,
            text=True,
            check=True,
        )
        printed.append(done.stdout)
    assert printed[0] == printed[1]
    assert "Totals(" in printed[0]


@pytest.mark.real
def test_a_book_of_425_firms_and_29_rates_is_proved_to_a_thousandth(real_data):
    published = pq.read_table(real_data / "a3_rate_churn.parquet")
    curve = churn_curve(published.rename_columns(["rate", "churn_a", "churn_b", "churn_c"]))
    offers = price_offers(random_people(425, 0), economics(), curve)
    for constraints in (
        FREE,
        Constraints(approvals_min=300, mean_rate_max=Decimal("0.08")),
        Constraints(200, Decimal("0.06"), Decimal("0.025"), Decimal("0.3")),
    ):
        book = optimise(offers, constraints)
        assert book.proof.gap <= 1e-3

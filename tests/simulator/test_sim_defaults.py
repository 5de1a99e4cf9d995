from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.simulator import EconomySettings
from headrace.simulator.contracts import Links, draw_links
from headrace.simulator.defaults import (
    CONTAGION_MONTHS,
    NEVER,
    Hazards,
    Outcomes,
    draw_outcomes,
    spread,
)
from headrace.simulator.firms import CORE, Firms, draw_firms
from headrace.simulator.seasons import calendar_of

SETTINGS = EconomySettings()
CALENDAR = calendar_of(SETTINGS.start, SETTINGS.end)


def world(settings: EconomySettings, seed: int) -> tuple[Firms, Links, Outcomes]:
    rng = np.random.default_rng(seed)
    firms = draw_firms(settings, CALENDAR.months, rng)
    links = draw_links(firms, rng)
    return firms, links, draw_outcomes(settings, firms, links, CALENDAR, rng)


def slow_spread(hazards: Hazards, base: float) -> list[int]:
    """The same rule, firm by firm and month by month."""
    count, months = hazards.relative.shape
    month, borne = [NEVER] * count, [0.0] * count
    for now in range(months):
        exposure = [0.0] * count
        links = hazards.links
        for supplier, customer, share in zip(
            links.supplier, links.customer, links.share, strict=True
        ):
            if now - CONTAGION_MONTHS <= month[customer] < now:
                exposure[supplier] += share
        for firm in range(count):
            factor = 1 + hazards.contagion * exposure[firm] / 0.1
            borne[firm] += base * hazards.relative[firm, now] * factor
        for firm in range(count):
            if month[firm] == NEVER and borne[firm] > hazards.endurance[firm]:
                month[firm] = now
    return month


def some_hazards(seed: int, contagion: float) -> Hazards:
    rng = np.random.default_rng(seed)
    links = Links(rng.integers(0, 8, 12), rng.integers(0, 8, 12), rng.uniform(0, 0.3, 12))
    relative = rng.lognormal(0, 1, (8, 24))
    return Hazards(relative, rng.exponential(1, 8), links, contagion)


@given(st.integers(0, 500), st.sampled_from([0.0, 1.0, 5.0]), st.sampled_from([0.003, 0.03, 0.3]))
def test_defaults_spread_as_in_the_slow_twin(seed: int, contagion: float, base: float) -> None:
    hazards = some_hazards(seed, contagion)
    assert spread(hazards, base)[0].tolist() == slow_spread(hazards, base)


def test_a_default_raises_the_suppliers_hazard_and_no_one_elses() -> None:
    links = Links(np.array([1]), np.array([0]), np.array([0.5]))
    relative = np.ones((3, 20))
    endurance = np.array([0.05, 0.6, 0.6])
    month, exposure = spread(Hazards(relative, endurance, links, 2.0), 0.02)
    assert month[0] < month[1] < month[2] == NEVER
    assert exposure.tolist() == [0.0, 0.5, 0.0]


def test_without_contagion_links_do_not_matter() -> None:
    hazards = some_hazards(3, contagion=0.0)
    alone = replace(hazards, links=Links(*(array[:0] for array in vars(hazards.links).values())))
    assert (spread(hazards, 0.02)[0] == spread(alone, 0.02)[0]).all()


def supplier_gap(contagion: float, seeds: range) -> float:
    """How much more often suppliers of a defaulter default than suppliers of none; mean."""
    gaps = []
    for seed in seeds:
        _, links, outcomes = world(EconomySettings(contagion=contagion), seed)
        defaults = outcomes.month != NEVER
        suppliers = np.unique(links.supplier)
        of_defaulter = np.unique(links.supplier[defaults[links.customer]])
        others = np.setdiff1d(suppliers, of_defaulter)
        gaps.append(defaults[of_defaulter].mean() - defaults[others].mean())
    return float(np.mean(gaps))


def test_suppliers_of_defaulters_default_more_often() -> None:
    gap, gap_without = supplier_gap(4.0, range(20)), supplier_gap(0.0, range(20))
    assert gap > 0.04
    assert abs(gap_without) < 0.04


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.35])
def test_the_share_of_labelled_defaulters_is_the_one_asked_for(rate: float) -> None:
    settings = EconomySettings(default_rate=rate)
    firms, _, outcomes = world(settings, 5)
    labelled = outcomes.labelled
    assert labelled.sum() == 150
    assert abs(outcomes.known_default[labelled].mean() - rate) < 0.01
    assert not (labelled & firms.shell).any()


def test_a_default_is_known_after_it_happens_and_some_lie_ahead() -> None:
    firms, _, outcomes = world(SETTINGS, 6)
    defaults = outcomes.day != NEVER
    delay = (outcomes.known_day - outcomes.day)[defaults]
    assert (delay >= 30).all()
    assert (delay < 110).all()
    assert (outcomes.known_day[~defaults] == NEVER).all()
    assert (outcomes.known_default == (outcomes.known_day < CALENDAR.days)).all()
    ahead = defaults & (outcomes.day >= CALENDAR.days)
    assert ahead.any()
    assert not (defaults & firms.shell).any()


def test_weak_firms_default() -> None:
    firms, _, outcomes = world(SETTINGS, 7)
    defaults = outcomes.day != NEVER
    assert firms.quality[defaults].mean() < firms.quality[~defaults].mean() - 0.5


@pytest.mark.parametrize("seed", range(5))
def test_links_run_along_the_chain(seed: int) -> None:
    firms, links, _ = world(EconomySettings(firms=60, invoices=10_000), seed)
    assert (links.supplier != links.customer).all()
    assert not firms.shell[links.supplier].any()
    assert (links.inside_share(60) < 1).all()
    same_chain = firms.industry[links.supplier] == firms.industry[links.customer]
    assert same_chain.mean() > 0.7
    for chain in np.unique(firms.industry):
        assert ((firms.industry == chain) & (firms.tier == CORE)).any(), "each chain has a core"


@pytest.mark.parametrize("seed", range(5))
def test_firms_have_shares_that_add_up(seed: int) -> None:
    firms, _, _ = world(EconomySettings(firms=300), seed)
    assert np.isclose(firms.sales_weight.sum(), 1)
    assert np.isclose(firms.purchase_weight.sum(), 1)
    assert firms.sales_weight.max() < 0.08
    assert (firms.sales_weight[firms.shell] == 0).all()
    assert (firms.joined < firms.left).all()

from datetime import date

import pytest

from headrace.errors import InputError
from headrace.simulator import EconomySettings, simulate


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("firms", 9),
        ("firms", -1),
        ("invoices", 11_999),
        ("end", date(2017, 12, 30)),
        ("end", date(2016, 1, 1)),
        ("labelled_share", -0.1),
        ("labelled_share", 1.1),
        ("default_rate", 0.51),
        ("contagion", -1.0),
        ("red_letter_share", 0.2),
        ("duplicate_share", 0.2),
        ("payment_share", 1.5),
        ("rings", -1),
        ("circular_trades", -1),
        ("shells", -1),
        ("self_invoicers", -1),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InputError) as refused:
        EconomySettings(**{name: value})
    assert refused.value.where == f"EconomySettings.{name}"
    assert str(value) in refused.value.problem
    assert refused.value.remedy.startswith(f"Set {name} to")


def test_the_smallest_world_is_allowed() -> None:
    settings = EconomySettings(
        firms=10, invoices=400, start=date(2017, 1, 1), end=date(2017, 12, 31)
    )
    assert settings.firms == 10


@pytest.mark.parametrize(
    ("firms", "rings", "circulars", "shells", "selves"),
    [(10, 2, 2, 1, 2), (20, 4, 4, 2, 3), (300, 4, 4, 5, 3)],
)
def test_small_worlds_plant_fewer_structures(
    firms: int, rings: int, circulars: int, shells: int, selves: int
) -> None:
    settings = EconomySettings(firms=firms)
    assert settings.ring_count == rings
    assert settings.circular_count == circulars
    assert settings.shell_count == shells
    assert settings.self_invoicer_count == selves


def test_outsiders_grow_with_the_economy() -> None:
    small, large = EconomySettings(firms=10), EconomySettings(firms=300)
    assert small.outside_sellers < large.outside_sellers
    assert small.outside_buyers < large.outside_buyers
    assert large.outside_sellers + large.outside_buyers > 5_000


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(InputError, match="-1 cannot seed"):
        simulate(EconomySettings(firms=10, invoices=1_000), seed=-1)

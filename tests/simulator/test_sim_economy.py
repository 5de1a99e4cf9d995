"""The economy as a whole: repeatable, of the size asked for, and worth learning from."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import typer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from headrace.errors import InputError
from headrace.simulator import Economy, EconomySettings, simulate, write_economy
from headrace.simulator.__main__ import main

SMALL = EconomySettings(firms=20, invoices=4_000)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes_and_another_others(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("again", 5), ("other", 6)):
        write_economy(simulate(SMALL, seed), tmp_path / name)
    one, again = contents(tmp_path / "one"), contents(tmp_path / "again")
    other = contents(tmp_path / "other")
    assert one == again
    assert one.keys() == other.keys()
    assert len(one) == 25
    alike = {name for name in one if one[name] == other[name]}
    assert alike <= {"rate_response.parquet"}


@pytest.mark.parametrize(
    ("firms", "invoices", "start", "end"),
    [
        (10, 1_000, date(2017, 1, 1), date(2019, 12, 31)),
        (10, 400, date(2017, 1, 1), date(2017, 12, 31)),
        (13, 2_000, date(2018, 2, 17), date(2020, 3, 3)),
        (57, 9_000, date(2011, 5, 31), date(2020, 6, 1)),
        (300, 30_000, date(2017, 1, 1), date(2019, 12, 31)),
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_size_is_met(firms: int, invoices: int, start: date, end: date, seed: int) -> None:
    economy = simulate(EconomySettings(firms, invoices, start, end), seed)
    rows = sum(economy.tables[side].num_rows for side in ("purchase_invoices", "sales_invoices"))
    assert abs(rows / invoices - 1) < 0.02
    assert economy.tables["firms"].num_rows == firms
    assert economy.tables["credit_records"].num_rows == round(firms / 2)
    for side in ("purchase_invoices", "sales_invoices"):
        days = economy.tables[side]["date"]
        assert start <= pc.min(days).as_py() <= pc.max(days).as_py() <= end


@pytest.mark.parametrize(
    "nothing", ["rings", "circular_trades", "shells", "self_invoicers", "duplicate_share",
                "red_letter_share", "payment_share", "default_rate", "labelled_share"],
)  # fmt: skip
def test_each_part_can_be_left_out(nothing: str) -> None:
    economy = simulate(EconomySettings(firms=10, invoices=1_000, **{nothing: 0}), 3)
    left_out = {
        "rings": economy.truth["rings"],
        "circular_trades": economy.truth["circular_trades"],
        "shells": economy.truth["shells"],
        "self_invoicers": economy.truth["self_invoices"],
        "payment_share": economy.tables["payments"],
        "labelled_share": economy.tables["credit_records"],
    }
    if nothing in left_out:
        assert left_out[nothing].num_rows == 0
    if nothing == "default_rate":
        assert set(economy.tables["credit_records"]["defaulted"].to_pylist()) == {"no"}
    if nothing == "red_letter_share":
        assert pc.min(economy.tables["sales_invoices"]["amount"]).as_py() > 0
    assert economy.tables["sales_invoices"].num_rows > 300


def columns(table: pa.Table, first: date) -> tuple[np.ndarray, ...]:
    """Firm, month, amount in yuan, validity and partner of each row."""
    text = pc.utf8_ltrim(pc.cast(table["firm_id"], pa.string()), "S")
    firm = pc.cast(text, pa.int64()).to_numpy() - 1
    month = table["date"].to_numpy().astype("datetime64[M]").astype(int)
    month -= np.datetime64(first, "M").astype(int)
    valid = pc.equal(pc.cast(table["status"], pa.string()), "valid")
    partner = table.column(3).combine_chunks().indices.to_numpy()
    amount = pc.cast(table["amount"], pa.float64()).to_numpy()
    return firm, month, amount, valid.to_numpy(zero_copy_only=False), partner


def features(economy: Economy) -> np.ndarray:
    """What any credit officer would compute first; one row per firm."""
    count, first = economy.settings.firms, economy.settings.start
    firm, month, amount, valid, partner = columns(economy.tables["sales_invoices"], first)
    monthly = np.zeros((count, 36))
    np.add.at(monthly, (firm[valid], month[valid]), amount[valid])
    monthly = np.maximum(monthly, 0)
    issued = np.maximum(np.bincount(firm, minlength=count), 1)
    pairs, place = np.unique(firm[valid] * 10**6 + partner[valid], return_inverse=True)
    sold = np.bincount(place, np.maximum(amount[valid], 0))
    owner = pairs // 10**6
    total = np.maximum(np.bincount(owner, sold, count), 1)
    year_before = np.log1p(monthly[:, -18:-6].sum(axis=1) / 12)
    return np.column_stack(
        [
            np.log(total),
            1 - np.bincount(firm, valid, count) / issued,
            np.bincount(owner, sold**2, count) / total**2,
            (monthly > 0).sum(axis=1),
            monthly.std(axis=1) / np.maximum(monthly.mean(axis=1), 1),
            np.clip(np.log1p(monthly[:, -6:].mean(axis=1)) - year_before, -3, 3),
            np.log1p(np.bincount(owner, minlength=count)),
        ]
    )


def labels(economy: Economy) -> tuple[np.ndarray, np.ndarray]:
    records = economy.tables["credit_records"]
    firm = np.array([int(name[1:]) - 1 for name in records["firm_id"].to_pylist()])
    return firm, np.array(records["defaulted"].to_pylist()) == "yes"


@pytest.fixture(scope="module")
def worlds() -> list[Economy]:
    settings = EconomySettings(firms=300, invoices=200_000, labelled_share=0.9)
    return [simulate(settings, seed) for seed in (1, 2, 3)]


def test_a_plain_logistic_sees_defaults_but_not_perfectly(worlds: list[Economy]) -> None:
    areas = []
    for economy in worlds:
        firm, defaulted = labels(economy)
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3))
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        table = features(economy)[firm]
        chance = cross_val_predict(model, table, defaulted, cv=folds, method="predict_proba")
        areas.append(roc_auc_score(defaulted, chance[:, 1]))
    assert 0.80 < np.mean(areas) < 0.95


def test_no_single_feature_gives_the_label_away(worlds: list[Economy]) -> None:
    for economy in worlds:
        firm, defaulted = labels(economy)
        for column in features(economy)[firm].T:
            area = roc_auc_score(defaulted, column)
            assert max(area, 1 - area) < 0.93


def test_weak_firms_show_it_before_they_default(worlds: list[Economy]) -> None:
    """Sales before the month of default fall and swing more than those of sound firms."""
    gaps = []
    for economy in worlds:
        first = economy.settings.start
        table = economy.tables["sales_invoices"]
        firm, month, amount, valid, _ = columns(table, first)
        monthly = np.zeros((economy.settings.firms, 36))
        np.add.at(monthly, (firm[valid], month[valid]), np.maximum(amount[valid], 0))
        truth = economy.truth["defaults"]
        event = truth["event_date"].to_numpy().astype("datetime64[M]").astype(int)
        event -= np.datetime64(first, "M").astype(int)
        fails = np.array([int(name[1:]) - 1 for name in truth["firm_id"].to_pylist()])
        sound = np.setdiff1d(np.arange(economy.settings.firms), fails)
        swing = [_swing(monthly[f, max(0, e - 12) : e]) for f, e in zip(fails, event, strict=True)]
        usual = [_swing(monthly[f, 12:24]) for f in sound]
        gaps.append(np.nanmedian(swing) - np.nanmedian(usual))
    assert np.mean(gaps) > 0


def _swing(months: np.ndarray) -> float:
    return float(months.std() / months.mean()) if len(months) > 3 and months.any() else np.nan


def test_the_command_line_writes_a_world(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(tmp_path / "world", firms=10, invoices=1_000, seed=2)
    assert "simulated economy, 10 firms" in capsys.readouterr().out
    assert (tmp_path / "world" / "truth" / "rings.parquet").exists()


def test_the_command_line_explains_a_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left:
        main(tmp_path, firms=3)
    assert left.value.exit_code == 2
    assert "firms = 3" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_file_is_no_place_for_an_economy(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(str(taken))):
        write_economy(simulate(SMALL, 1), taken)
    assert taken.read_text(encoding="utf-8") == "mine"

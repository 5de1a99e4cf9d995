from pathlib import Path

import pytest

from headrace.adapters.folder import DiskFolder
from headrace.adapters.outputs import SIMULATED, WRITTEN, cleared, for_simulation
from headrace.errors import InputError


@pytest.fixture
def places(tmp_path):
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    return data, out


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_the_folder_is_made_or_emptied_of_an_earlier_run(places):
    data, out = places
    assert cleared(out, data) == out
    left_by_a_crash = [f"graph/.{'a' * 16}.unfinished", f".{'0' * 16}.unfinished"]
    put(out, *WRITTEN, *left_by_a_crash)
    cleared(out, data)
    assert DiskFolder(out).names() == []


@pytest.mark.parametrize(
    "foreign", ["notes.txt", "facts/mine.csv", ".hidden", "a/b/c", f".{'g' * 16}.unfinished"]
)
def test_nothing_is_taken_away_where_anything_is_foreign(places, foreign):
    data, out = places
    put(out, "run.json", "facts/invoice.parquet", foreign)
    with pytest.raises(InputError, match="no run wrote") as error:
        cleared(out, data)
    assert foreign in error.value.problem
    assert len(DiskFolder(out).names()) == 3


def test_a_link_in_place_of_a_folder_is_foreign(places, tmp_path):
    data, out = places
    put(tmp_path / "elsewhere", "invoice.parquet")
    out.mkdir()
    (out / "facts").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="facts"):
        cleared(out, data)
    assert (tmp_path / "elsewhere" / "invoice.parquet").exists()


@pytest.mark.parametrize("inner", ["out", "out/data", "out/a/b"])
def test_data_in_the_results_are_not_taken_away(tmp_path, inner):
    put(tmp_path / inner, "facts/invoice.parquet")
    with pytest.raises(InputError, match="lie in one another"):
        cleared(tmp_path / "out", tmp_path / inner)
    with pytest.raises(InputError, match="lie in one another"):
        cleared(tmp_path / inner / "x", tmp_path / inner)
    assert (tmp_path / inner / "facts/invoice.parquet").exists()


def test_a_link_to_the_data_does_not_hide_that_they_are_the_same(places, tmp_path):
    data, _ = places
    (tmp_path / "link").symlink_to(data)
    with pytest.raises(InputError, match="lie in one another"):
        cleared(tmp_path / "link", data)


def test_a_simulated_economy_replaces_only_one(tmp_path):
    folder = for_simulation(tmp_path / "new" / "folder")
    assert folder.is_dir()
    put(folder, "firms.parquet")
    with pytest.raises(InputError, match="no simulator wrote"):
        for_simulation(folder)
    put(folder, SIMULATED)
    assert for_simulation(folder) == folder
    with pytest.raises(InputError, match="must be a folder"):
        for_simulation(folder / "firms.parquet")

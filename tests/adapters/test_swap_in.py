"""A folder of results takes another's place, whole, and nothing foreign is lost."""

import pytest

from headrace.adapters import outputs
from headrace.adapters.outputs import swap_in
from headrace.errors import InputError


def results(folder, text):
    (folder / "records").mkdir(parents=True)
    (folder / "run.json").write_text(text, encoding="utf-8")
    (folder / "records" / "decisions.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("can_exchange", [True, False])
def test_the_new_is_there_and_the_old_is_gone(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(outputs, "_exchanged", lambda *_: False)
    out, data = results(tmp_path / "out", "old"), tmp_path / "data"
    swap_in(results(tmp_path / ".aside", "new"), out, data)
    assert (out / "run.json").read_text() == "new"
    assert (out / "records" / "decisions.jsonl").read_text() == "new"
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_where_there_was_none_it_is_put(tmp_path):
    swap_in(results(tmp_path / ".aside", "new"), tmp_path / "out", tmp_path / "data")
    assert (tmp_path / "out" / "run.json").read_text() == "new"


def test_what_no_run_wrote_is_kept_and_nothing_changes(tmp_path):
    out = results(tmp_path / "out", "old")
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    made = results(tmp_path / ".aside", "new")
    with pytest.raises(InputError, match="no run wrote"):
        swap_in(made, out, tmp_path / "data")
    assert (out / "run.json").read_text() == "old"
    assert (made / "run.json").read_text() == "new"

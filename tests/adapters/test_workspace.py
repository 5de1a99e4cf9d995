"""Workspaces: where everything of a project is, and what is said where a file is wrong."""

import tomllib

import pytest

from headrace.adapters.workspace import FILE, Workspace, read_table, workspace_at
from headrace.cli import main
from headrace.commands.workspace import SETTINGS
from headrace.errors import InputError


def typed(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code


def refused(call):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.remedy
    return caught.value


def test_without_settings_everything_is_where_it_is_by_default(tmp_path):
    found = workspace_at(tmp_path)
    assert found == Workspace(tmp_path)
    assert found.folder("run") == tmp_path / "out"
    assert found.store("cases") == str(tmp_path / "cases.db")
    assert found.book_address == str(tmp_path / "book")


def test_settings_move_parts(tmp_path):
    (tmp_path / FILE).write_text('[workspace]\nrun = "last"\nlive = "stream/live"\n')
    found = workspace_at(tmp_path)
    assert found.folder("run") == tmp_path / "last"
    assert found.folder("live") == tmp_path / "stream" / "live"


def test_a_database_holds_every_store_and_the_book(tmp_path):
    (tmp_path / FILE).write_text('[workspace]\ndatabase = "postgresql://h@db/h"\n')
    found = workspace_at(tmp_path)
    assert {found.store("accounts"), found.store("cases"), found.book_address} == {
        "postgresql://h@db/h"
    }


def test_a_folder_that_a_run_wrote_is_the_run_of_the_workspace_around_it(tmp_path):
    run = tmp_path / "results"
    run.mkdir()
    (run / "run.json").write_text("{}")
    (tmp_path / FILE).write_text('[workspace]\nbook = "loans"\n')
    found = workspace_at(run)
    assert (found.root, found.run, found.book) == (tmp_path, "results", "loans")


@pytest.mark.parametrize(
    ("text", "told", "where"),
    [
        ("[workspace", "no TOML", FILE),
        ("workspace = 3", "is a table", FILE),
        ('[workspace]\nruns = "x"', "no part 'runs'", "[workspace]"),
        ("[workspace]\nrun = 3", "3 is not a text", "run"),
        ('[workspace]\nroot = "/"', "no part 'root'", "[workspace]"),
    ],
)
def test_what_cannot_be_is_refused_with_what_would_be_right(tmp_path, text, told, where):
    (tmp_path / FILE).write_text(text)
    error = refused(lambda: workspace_at(tmp_path))
    assert told in error.problem
    assert where in error.where


def test_a_folder_that_is_not_there_is_said(tmp_path):
    assert "headrace init" in refused(lambda: workspace_at(tmp_path / "none")).remedy


def test_a_missing_table_is_empty(tmp_path):
    assert read_table(tmp_path / FILE, "serve") == {}
    (tmp_path / FILE).write_text("[other]\nx = 1\n")
    assert read_table(tmp_path / FILE, "serve") == {}


def test_init_makes_a_workspace_that_reads_back_and_never_overwrites(tmp_path, capsys):
    folder = tmp_path / "bank"
    assert typed("init", str(folder)) == 0
    assert workspace_at(folder) == Workspace(folder)
    assert (folder / "data").is_dir()
    assert (folder / "policy" / "access.csv").is_file()
    assert "headrace run --in" in capsys.readouterr().out
    assert typed("init", str(folder)) == 2
    assert "already" in capsys.readouterr().err


def test_the_settings_that_init_writes_tell_every_part_with_its_default():
    bare = SETTINGS.replace("\n# ", "\n")
    told = tomllib.loads(bare)["workspace"]
    defaults = {name: value for name, value in vars(Workspace).items() if name in told}
    assert told | {"database": ""} == defaults | {"database": ""}
    assert set(told) == set(Workspace.__dataclass_fields__) - {"root"}

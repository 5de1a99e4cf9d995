"""The documentation does not lag: its code runs, its commands work, its lists are complete."""

import re
import shutil
import sys
from pathlib import Path

import pytest
import typer
from pages import (
    DOCS,
    PAGES,
    ROOT,
    Command,
    anchors,
    blocks,
    commands,
    folded,
    links,
    missing_output,
    name,
)

import headrace.errors
from headrace.cli import app
from headrace.errors import HeadraceError
from headrace.facts.kinds import KINDS
from headrace.facts.rules import RULES
from headrace.packs import PACKS, load
from headrace.workflows.run import STEPS

sys.path.insert(0, str(DOCS))
import generate  # beside the pages it writes, not in a package

RUNNABLE = [page for page in PAGES if {"python", "console"} & {b.language for b in blocks(page)}]
REFERENCE = DOCS / "reference"


def reference(file: str) -> str:
    return (REFERENCE / file).read_text(encoding="utf-8")


def first_column(text: str) -> set[str]:
    """What the tables of a page list: the first code span of each row."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


@pytest.mark.parametrize("page", RUNNABLE, ids=name)
def test_a_page_runs_from_top_to_bottom(page, world, terminal, tmp_path, monkeypatch):
    """Code and commands share one folder, in the order in which a reader meets them."""
    here = tmp_path / "world"
    shutil.copytree(world, here)
    monkeypatch.chdir(here)
    names = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "python":
            source = "\n" * (block.line - 1) + block.text  # a traceback shows the page's own line
            exec(compile(source, str(page), "exec"), names)  # noqa: S102 - our own pages
        elif block.language == "console":
            for command in commands(block):
                check_command(command, terminal, f"{name(page)} line {block.line}")


def check_command(command, terminal, place):
    """It exits as the page says, and prints what the page shows; `make` runs its recipe."""
    if command.text.startswith("make "):
        typed = recipe(command.text.removeprefix("make "))
    else:
        assert command.text.startswith("headrace "), f"{place}: {command.text}"
        typed = [command.text]
    printed = ""
    for each in typed:
        status, output = terminal(each)
        assert status == command.status, f"{place}: {each} gave status {status}\n{output}"
        printed += output
    part = missing_output(command.shown, printed)
    assert part is None, f"{place}: {command.text} did not print\n{part}\nbut\n{folded(printed)}"


def recipe(target: str) -> list[str]:
    """The headrace commands of a target of the Makefile."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    rule = re.search(rf"^{re.escape(target)}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert rule, f"the Makefile has no target {target}"
    lines = [line.strip() for line in rule[1].splitlines()]
    prefix = "$(BIN)/headrace "
    return [f"headrace {line.removeprefix(prefix)}" for line in lines if line.startswith(prefix)]


def test_the_pages_show_the_commands_that_made_their_world(setup):
    pages = [
        page
        for page in PAGES
        if any("headrace economy" in b.text for b in blocks(page) if b.language == "sh")
    ]
    assert pages
    for page in pages:
        shown = "".join(block.text for block in blocks(page) if block.language == "sh")
        assert all(command in shown for command in setup), name(page)


def test_a_page_that_is_wrong_is_noticed(terminal, world, monkeypatch):
    monkeypatch.chdir(world)
    with pytest.raises(AssertionError, match="did not print"):
        check_command(Command("headrace verify out", 0, ("no such words",)), terminal, "here")
    with pytest.raises(AssertionError, match="gave status 2"):
        check_command(Command("headrace explain S99999", 0, ()), terminal, "here")
    with pytest.raises(AssertionError, match="no target tset"):
        check_command(Command("make tset", 0, ()), terminal, "here")


def test_every_fence_names_a_language_that_is_known():
    known = {"python", "console", "sh", "text", "toml", "yaml", "csv", "json"}
    for page in PAGES:
        found = {block.language for block in blocks(page)}
        assert found <= known, f"{name(page)}: {found - known}"
        fences = re.findall(r"^```", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) == 2 * len(blocks(page)), f"{name(page)}: a fence without a language"


@pytest.mark.parametrize("file", sorted(generate.pages()))
def test_a_generated_page_is_what_the_code_says(file):
    assert reference(file) == generate.pages()[file], "run: python docs/generate.py"


def cli_commands() -> dict[str, set[str]]:
    """Options and arguments of every command, by what one types."""
    found: dict[str, set[str]] = {}
    pending = [("headrace", typer.main.get_command(app))]
    while pending:
        typed, command = pending.pop()
        inner = getattr(command, "commands", {})
        pending += [(f"{typed} {key}", each) for key, each in inner.items()]
        options = {
            part.name.upper() if part.param_type_name == "argument" else option
            for part in command.params
            for option in part.opts
            if part.name != "help"
        }
        if options or not inner:  # a group of commands has none
            found[typed] = options
    return found


def test_every_command_and_option_is_documented_and_every_documented_one_exists():
    whole, *sections = re.split(r"^## (headrace .+)$", reference("cli.md"), flags=re.MULTILINE)
    documented = {
        typed: first_column(text.split("\n## ")[0])
        for typed, text in zip(sections[::2], sections[1::2], strict=True)
    }
    documented["headrace"] = first_column(whole)
    assert documented == cli_commands()


def test_options_that_pages_mention_exist():
    known = {option for options in cli_commands().values() for option in options}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for line in re.findall(r"headrace [a-z].*", text):
            mentioned = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", line.split("`")[0]))
            assert mentioned <= known, f"{name(page)}: {line}"


def test_make_targets_that_pages_mention_exist():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"(?:^\$? ?|`)make ([a-z-]+)", text, re.MULTILINE):
            assert recipe(target) is not None, f"{name(page)}: make {target}"


def test_every_rule_and_kind_of_fact_is_documented_and_the_other_way_round():
    text = reference("facts.md")
    rules = text.split("## Rules")[1]
    assert first_column(rules) == set(RULES)
    kinds = re.findall(r"^### `(\w+)`", text, re.MULTILINE)
    assert kinds == list(KINDS)


@pytest.mark.parametrize("pack", sorted(PACKS))
def test_every_feature_and_reason_is_documented_and_the_other_way_round(pack):
    found = load(pack)
    sections = dict(
        zip(
            *[iter(re.split(r"^## (.+)$", reference(f"{pack}.md"), flags=re.M)[1:])] * 2,
            strict=True,
        )
    )
    assert first_column(sections["Features"]) == {feature.name for feature in found.features}
    if found.lending is None:
        assert not {"Scorecard", "Reasons of a decision"} & set(sections)
    else:
        terms = {term.feature for term in found.lending.card.terms}
        assert first_column(sections["Scorecard"]) == terms
        assert first_column(sections["Reasons of a decision"]) == set(found.lending.reasons)
    for feature in found.features:
        assert feature.zh in sections["Features"]
        assert feature.read_aloud() in sections["Features"]


def test_every_error_is_documented_and_every_documented_one_exists():
    errors = {
        each.__name__
        for each in vars(headrace.errors).values()
        if isinstance(each, type) and issubclass(each, HeadraceError)
    }
    section = reference("python.md").split("## Errors")[1]
    assert first_column(section) == errors


def test_every_step_and_every_output_is_in_the_architecture(world):
    text = (DOCS / "internals" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split("## What each step writes")[1].split("\n## ")[0]
    assert first_column(table) >= set(STEPS) - {"simulate"}
    out = world / "out"
    written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    spans = set(re.findall(r"`([\w./]+)`", table))
    assert written <= spans, f"not on the page: {sorted(written - spans)}"
    files = {span for span in spans if re.search(r"\.(parquet|csv|jsonl?|html|xlsx|pub)$", span)}
    assert files <= written, f"no longer written: {sorted(files - written)}"


def test_the_paths_that_internals_name_exist():
    for page in [ROOT / "CONTRIBUTING.md", *sorted((DOCS / "internals").rglob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"`((?:src|tests|docs|benchmarks|examples)/[\w./-]*)`", text):
            assert (ROOT / path).exists(), f"{name(page)}: {path}"


def test_every_page_is_in_the_navigation_and_every_entry_is_a_page():
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ +- .*: (\S+\.md)$", config.split("\nnav:")[1], re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for _, path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{path} is not there"
        if anchor:
            assert anchor in anchors(target), f"{path} has no heading #{anchor}"


def test_no_page_names_the_machine_it_was_written_on():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"/work/|/root/|/tmp/", text), name(page)


def test_pages_are_narrow_enough_to_edit():
    for page in PAGES:
        if page.parent == REFERENCE:
            continue
        text = page.read_text(encoding="utf-8").splitlines()
        wide = [line for line in text if len(line) > 130 and not line.startswith("|")]
        assert not wide, f"{name(page)}: {wide}"


def test_folding_keeps_words_and_forgets_figures():
    assert folded("AUC 0.917  (0.844 to\n 0.972)") == "AUC 0 (0 to 0)"
    assert folded(f"root {'ab12' * 16}") == "root digest"
    assert missing_output(("a 0", "c"), "a 7 b c") is None
    assert missing_output(("c", "a 0"), "a 7 b c") == "a 0"
    assert Path(name(ROOT / "README.md")) == Path("README.md")

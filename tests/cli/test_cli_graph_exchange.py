"""`headrace graph import|export|explore` as typed: round trips, what is lost, and the page."""

import re

import pyarrow.parquet as pq
import pytest
from commands import check_refused, headrace

from headrace.adapters.graph_formats.registry import FORMATS

ORIGIN = ("--purpose", "credit_assessment", "--consent", "simulated")


def stored(out, kind):
    """A kind's stored facts, in the order of their ids."""
    return pq.read_table(out / f"facts/{kind}.parquet").sort_by("id")


@pytest.fixture(scope="module")
def exchanged(built, tmp_path_factory):
    """Format -> the file, what export said, the folder read back, what import said."""
    folder = tmp_path_factory.mktemp("exchanged")
    found = {}
    for name in FORMATS:
        file, out = folder / f"graph_{name}", folder / f"out_{name}"
        written = headrace("graph", "export", file, "--format", name, "--out", built, "--json")
        assert written.status == 0, written.err
        read = headrace(
            *("graph", "import", file, "--format", name, "--out", out),
            *(*ORIGIN, "--simulated", "--json"),
        )
        assert read.status == 0, read.err
        found[name] = file, written.value, out, read.value
    return found


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_what_was_written_reads_back_equal(built, exchanged, name):
    _, written, out, read = exchanged[name]
    assert written["lost"] == []
    assert read["quarantined"] == 0
    assert read["skipped"] == {}
    for kind in ("party", "relation"):
        assert read[kind] == written[kind] == stored(built, kind).num_rows
        assert stored(out, kind).to_pylist() == stored(built, kind).to_pylist()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_nothing_is_lost_without_being_said(built, exchanged, name):
    file, written, _, read = exchanged[name]
    assert file.is_dir() == FORMATS[name].folder
    relations = stored(built, "relation").num_rows
    unsaid = sum(each["rows"] for each in written["lost"] if each["what"].endswith("not written"))
    assert written["relation"] + unsaid == relations
    assert read["relation"] == written["relation"]
    assert read["quarantined"] == 0


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"bods"}))
def test_questions_have_the_same_answers_after_a_round_trip(built, exchanged, name):
    out = exchanged[name][2]
    for asked in (("circles",), ("control",), ("flows",)):
        command = ("graph", *asked, "--as-of", "2019-12-31", "--json", "--out")
        mine, theirs = headrace(*command, built).value, headrace(*command, out).value
        assert len(mine) == len(theirs)
        for one, other in zip(mine, theirs, strict=True):
            same = {key for key, value in one.items() if key != "replace"}
            assert {key: one[key] for key in same} == {key: other[key] for key in same}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_imported_facts_carry_evidence_and_say_that_they_are_simulated(exchanged, name):
    out = exchanged[name][2]
    done = headrace("verify", out, "--json")
    assert done.status == 0
    assert done.value["holds"] is True
    assert "模拟数据" in headrace("graph", "owners", "S18", "--out", out).out


def test_the_owners_survive_the_format_for_owners(built, exchanged):
    out = exchanged["bods"][2]
    asked = ("graph", "control", "--json", "--out")  # the format says when it was published only
    pairs = [
        {
            (row["controller"], row["controlled"], row["certain"])
            for row in headrace(*asked, at).value
        }
        for at in (built, out)
    ]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize(("lang", "word"), [("zh", "该格式无法表达"), ("en", "cannot say")])
def test_people_are_told_what_a_format_cannot_say(built, tmp_path, lang, word):
    to = tmp_path / "graph.json"
    done = headrace("graph", "export", to, "--format", "bods", "--lang", lang, "--out", built)
    assert word in done.out
    assert "guarantees" in done.out
    out = tmp_path / "out"
    read = headrace(
        "graph", "import", to, "--format", "bods", "--out", out, *ORIGIN, "--lang", lang
    )
    assert f"graph find 有限公司 --out {out}" in read.out.replace("\n", "")


def test_a_page_shows_parties_and_loads_nothing(built, tmp_path):
    to = tmp_path / "page.html"
    done = headrace("graph", "explore", "S9", "--to", to, "--depth", 1, "--out", built)
    assert done.status == 0, done.err
    page = to.read_text(encoding="utf-8")
    assert "S9" in page
    assert "模拟数据" in page
    assert not re.search(r"""(src|href)\s*=\s*["']?https?:""", page)
    english = tmp_path / "en.html"
    assert headrace("graph", "explore", "--lang", "en", "--to", english, "--out", built).status == 0
    assert "SIMULATED" in english.read_text(encoding="utf-8")


def test_a_graph_of_yesterday_may_be_drawn(built, tmp_path):
    shown = headrace("graph", "party", "S35", "--out", built, "--json").value["relations"]
    later = next(row["fact"] for row in shown if (row["since"] or "") > "2018-01-02")
    pages = []
    for day in ("2018-01-01", "2019-12-31"):
        to = tmp_path / f"{day}.html"
        asked = ("graph", "explore", "S35", "--as-of", day, "--to", to, "--out", built)
        assert headrace(*asked).status == 0
        pages.append(to.read_text(encoding="utf-8"))
    assert later not in pages[0]
    assert later in pages[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "x", "--format", "xml"), ["'xml' is not known here", "graphml"]),
        (("export", "FILE/x", "--format", "csv"), ["FILE/x", "folder"]),
        (("export", "FILE/x", "--format", "bods"), ["FILE/x", "cannot be written"]),
        (("export", "x", "--format", "bods", "--zone", "Mars"), ["Mars", "IANA"]),
        (("explore", "nobody", "--to", "FILE.html"), ["no party has the code 'nobody'", "code"]),
        (("explore", "--to", "FILE/x.html"), ["FILE/x.html", "cannot be written"]),
        (("explore", "--zone", "Mars/Base"), ["Mars/Base", "IANA"]),
    ],
)
def test_what_cannot_be_written_is_said(built, tmp_path, arguments, said):
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    given = [each.replace("FILE", str(file)) for each in arguments]
    done = headrace("graph", *given, "--out", built)
    check_refused(done, *(each.replace("FILE", str(file)) for each in said))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "xml"), ["'xml' is not known here", "bods"]),
        (("--format", "bods", "--zone", "Mars/Base"), ["Mars/Base", "IANA"]),
        (("--format", "csv"), ["cannot be read"]),
        (("--format", "bods", "--known", "9999-12-31"), ["9999-12-31", "1900"]),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, arguments, said):
    file, out = tmp_path / "file", tmp_path / "out"
    file.write_text("x", encoding="utf-8")
    done = headrace("graph", "import", file, *arguments, "--out", out, *ORIGIN)
    check_refused(done, *said)
    assert not out.exists()


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_file_that_is_not_there_is_said(tmp_path, name):
    asked = ("graph", "import", tmp_path / "none", "--format", name, "--out", tmp_path / "out")
    check_refused(headrace(*asked, *ORIGIN), "cannot be read", "none")


@pytest.mark.parametrize("name", ["graphml", "bods", "followthemoney"])
def test_rubbish_goes_to_quarantine_and_is_counted(tmp_path, name):
    file, out = tmp_path / "file", tmp_path / "out"
    file.write_text("这不是", encoding="utf-8")
    asked = ("graph", "import", file, "--format", name, "--out", out, *ORIGIN)
    done = headrace(*asked, "--json")
    assert done.status == 0, done.err
    assert (done.value["party"], done.value["relation"]) == (0, 0)
    assert done.value["quarantined"] == 1
    assert len((out / "quarantine.csv").read_text(encoding="utf-8-sig").splitlines()) == 2

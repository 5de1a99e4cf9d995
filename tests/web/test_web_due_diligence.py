"""Due-diligence reports: every number names its facts, in three forms and two languages."""

import hashlib
import io
import re
import zipfile
from dataclasses import replace

import pytest
from docx import Document
from web_world import Browser

from headrace import packs
from headrace.adapters.dossier import dossier_of
from headrace.adapters.report_docx import docx_bytes
from headrace.adapters.report_pdf import pdf_bytes
from headrace.cli import main
from headrace.errors import InputError
from headrace.facts.corrections import as_of
from headrace.facts.localtime import instant_of
from headrace.workflows.due_diligence import due_diligence

PACK = packs.load("sme_invoices")


@pytest.fixture(scope="module")
def dossier(demo_folder):
    """Of a firm in a ring, where there is one."""
    first = dossier_of(demo_folder / "out", "S1", PACK, "abc")
    ringed = next((each for each in _parties(demo_folder) if _ringed(demo_folder, each)), "S1")
    return first if ringed == "S1" else dossier_of(demo_folder / "out", ringed, PACK, "abc")


def _parties(folder):
    return [f"S{number}" for number in range(1, 40)]


def _ringed(folder, party):
    return dossier_of(folder / "out", party, PACK, "abc").graph["rings"].num_rows > 0


@pytest.fixture
def mei(demo):
    demo.add("mei", "account_manager")
    browser = Browser(demo)
    browser.sign_in("mei")
    return browser


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_number_in_the_text_has_a_source_that_is_there(dossier, language):
    report = due_diligence(dossier, language, "mei")
    numbers = [each.number for each in report.sources]
    assert numbers == list(range(1, len(numbers) + 1))
    used = set()
    for section in report.sections:
        for line in section.lines:
            used |= set(line.sources)
            if re.search(r"\d", line.text) and not section.is_checklist:
                assert line.sources, line.text
        for grid in section.grids:
            used |= set(grid.sources)
            assert grid.sources
            assert all(len(row) == len(grid.head) for row in grid.rows)
    assert used == set(numbers)
    assert len(report.sections) == 10
    assert report.digest


def test_sources_are_the_facts_themselves(dossier):
    report = due_diligence(dossier, "en", "mei")
    standing = as_of(dossier.invoices, dossier.corrections, dossier.moment)
    ids = sorted(standing["id"].to_pylist())
    found = next(each for each in report.sources if each.what == "Invoices that stand")
    assert found.count == len(ids)
    assert found.ids == tuple(ids[:3])
    assert found.digest == hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16]


def test_the_years_of_business_add_up_to_the_invoices_that_stand(dossier):
    report = due_diligence(dossier, "en", "mei")
    grid = next(e for section in report.sections for e in section.grids if e.head[0] == "Year")
    standing = as_of(dossier.invoices, dossier.corrections, dossier.moment)
    counted = sum(int(row[2].replace(",", "")) + int(row[4].replace(",", "")) for row in grid.rows)
    assert counted == standing.num_rows


def test_it_is_a_draft_as_of_a_day_by_somebody_and_says_so(dossier):
    for language, words in (("zh", "草稿"), ("en", "DRAFT")):
        report = due_diligence(dossier, language, "mei")
        marks = " ".join(report.marks)
        assert words in marks
        assert "mei" in marks
        assert re.search(r"\d{4}-\d\d-\d\d", marks)
    assert due_diligence(dossier, "en", "mei") == due_diligence(dossier, "en", "mei")
    assert due_diligence(dossier, "en", "jun").digest != due_diligence(dossier, "en", "mei").digest


def test_what_is_missing_is_on_the_list_of_what_to_ask(dossier):
    checklist = due_diligence(dossier, "en", "mei").sections[-1]
    told = [each.text for each in checklist.lines]
    assert "Not known: Unified social credit code" in told
    assert any("three largest customers" in each for each in told)


def test_what_was_decided_is_proposed(dossier):
    proposal = due_diligence(dossier, "en", "mei").sections[8]
    outcome = {"approve": "Approve", "refer": "A person decides", "decline": "Decline"}
    assert proposal.lines[0].text.startswith(outcome[dossier.decision.outcome.value])


def test_docx_holds_all_of_it_and_pdf_is_the_same_twice(dossier):
    report = due_diligence(dossier, "zh", "mei")
    content = docx_bytes(report, instant_of(1_800_000_000_000_000))
    document = Document(io.BytesIO(content))
    text = "\n".join(each.text for each in document.paragraphs)
    assert report.title in text
    assert report.digest in text
    for section in report.sections:
        assert section.title in text
        for line in section.lines:
            assert line.text in text
    rows = len(document.tables[-1].rows)
    assert rows == len(report.sources) + 1
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    assert document.core_properties.created.year == 2027
    pdf = pdf_bytes(report)
    assert pdf.startswith(b"%PDF-")
    assert b"STSong-Light" in pdf
    assert pdf == pdf_bytes(report)


def test_nobody_of_that_code(demo_folder):
    with pytest.raises(InputError, match="no such firm"):
        dossier_of(demo_folder / "out", "nobody", PACK, "abc")


def test_names_are_text_in_every_form(dossier):
    evil = "<b>&有限公司"
    report = due_diligence(replace(dossier, names={dossier.party: evil}), "en", "<i>")
    assert evil in report.title
    assert pdf_bytes(report).startswith(b"%PDF-")
    document = Document(io.BytesIO(docx_bytes(report, instant_of(0))))
    assert evil in document.paragraphs[0].text


def test_the_page_links_every_number_to_its_facts(mei):
    page = mei.get("/firms/S1/report").text
    assert "DRAFT" in page
    linked = set(re.findall(r'href="#(s\d+)"', page))
    assert linked
    assert linked == set(re.findall(r'<tr id="(s\d+)"', page))
    behind = re.findall(r'href="(/firms/S1/facts\?[^"]+)"', page)
    assert behind
    for path in sorted(set(behind))[:3]:
        assert mei.get(path.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("form", ["json", "docx", "pdf"])
def test_the_api_gives_each_form(mei, form):
    answer = mei.get(f"/api/v1/parties/S1/report?format={form}&language=zh")
    assert answer.status_code == 200
    assert f".{form}" in answer.headers["content-disposition"]
    assert len(answer.content) > 5_000


def test_who_may_not_see_firms_sees_no_report(demo, mei):
    assert mei.get("/api/v1/parties/nobody/report").status_code == 404
    assert mei.get("/api/v1/parties/S1/report?format=exe").status_code == 422
    demo.add("vera", "viewer")
    vera = Browser(demo)
    vera.sign_in("vera")
    assert vera.get("/api/v1/parties/S1/report").status_code == 403


def ended(*args):
    """How a command ended."""
    with pytest.raises(SystemExit) as found:
        main([str(each) for each in args])
    return found.value.code


def test_the_command_writes_a_file(demo_folder, tmp_path, capsys):
    out = demo_folder / "out"
    for name in ("report.docx", "report.pdf"):
        to = tmp_path / name
        assert ended("report", "S1", "--out", out, "--to", to, "--lang", "en") == 0
        assert to.stat().st_size > 5_000
    assert "Due diligence" in capsys.readouterr().out
    assert ended("report", "S1", "--out", out, "--to", tmp_path / "x.exe")
    assert ".docx or .pdf" in capsys.readouterr().err

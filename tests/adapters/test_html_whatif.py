"""The page of a what-if: alone, in two languages, safe with any text, equal for equal figures."""

import json
import re

import pytest

from headrace.adapters.html.whatif import render_whatif
from headrace.adapters.printing.whatif import WORDS, figure_text, money_text, simulated
from headrace.adapters.terminal import Silent
from headrace.decisions.whatif.compare import Settings
from headrace.decisions.whatif.search import read_target
from headrace.errors import InputError
from headrace.workflows.simulate_policy import Hunt, Setup, simulate_policy, told
from whatif_sample import big_world, program_of

HOSTILE = "</script><script>alert(1)</script>&<b>"


@pytest.fixture(scope="module")
def values():
    made = big_world(900)
    first = [("> 20", "-", "-", "approve"), ("-", "-", "-", "decline")]
    last = [("> 40", "-", "-", "approve"), ("> 35", "-", "-", "refer"), ("-", "-", "-", "decline")]
    cap = [("> 60", "300"), ("-", "250")]
    setup = Setup(
        cases=made.cases,
        old=made.trial(program_of(first, cap)),
        new=made.trial(program_of(last, cap)),
        named=made.columns["who"].to_arrow(),
        source=HOSTILE,
        left_out=3,
        simulated=True,
    )
    hunt = Hunt(read_target("expected_loss <= 0.1"))
    return told(simulate_policy(setup, Settings(draws=50), hunt, Silent()))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_stands_alone_and_no_text_breaks_out(values, language):
    page = render_whatif(values, language).decode()
    assert not re.search(r"(src|href)=\"(?!data:)", page.partition("<script>")[0])
    assert "default-src 'none'" in page
    assert HOSTILE not in page
    assert "alert(1)" in page
    assert "SIMULATED DATA" in page
    for key in ("approval_rate", "price_weighted", "expected_loss_share", "frontier", "held_out"):
        assert WORDS[key].in_language(language) in page
    assert render_whatif(values, language) == page.encode()


def test_the_frontier_is_in_the_page_as_data(values):
    page = render_whatif(values, "en").decode()
    data = re.search(r'<script type="application/json" id="model">(.*?)</script>', page, re.DOTALL)
    chart = json.loads(data[1])
    assert len(chart["frontier"]["points"]) == 200
    assert set(chart["frontier"]["new"]) == {"approval_rate", "expected_loss_share", "riskiest"}
    assert chart["tried"]
    assert chart["edited"]["expected_loss_share"] <= 0.1


def test_values_are_json(values):
    assert json.loads(json.dumps(values, allow_nan=False)) == json.loads(json.dumps(values))


def test_there_are_two_languages(values):
    with pytest.raises(InputError, match="no page"):
        render_whatif(values, "fr")
    for key, text in WORDS.items():
        assert text.en, key
        assert text.zh, key
        assert set(re.findall(r"{(\w+)", text.en)) == set(re.findall(r"{(\w+)", text.zh)), key


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_printed(values, language, capsys):
    simulated(values, language)
    printed = capsys.readouterr().out
    assert "</script>" in printed
    assert WORDS["expected_loss_share"].in_language(language) in printed
    assert "access, rule 1" in printed


def test_figures_and_amounts_as_text():
    assert figure_text({"value": None, "low": None, "high": None}) == "–"
    assert figure_text({"value": 0.5, "low": None, "high": None}) == "50.00%"
    assert figure_text({"value": 0.5, "low": 0.25, "high": 0.75}, signed=True) == (
        "+50.00% [25.00, 75.00]"
    )
    assert money_text(None, "CNY") == "–"
    assert money_text(12_345, "CNY") == "¥123.45"
    assert money_text(12_345, "") == "12,345"

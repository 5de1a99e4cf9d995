"""The HTML report as a file: one, self-contained, safe, always the same, in two languages."""

import base64
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.report_sample import sample_model
from headrace.adapters.html import render_report
from headrace.errors import InputError
from headrace.facts.rules import Effect
from headrace.features.definition import Unit

HERE = resources.files("headrace.adapters.html")
TEXTS = json.loads((HERE / "texts.json").read_text(encoding="utf-8"))
SCRIPTS = {
    each.name: each.read_text(encoding="utf-8")
    for each in (HERE / "js").iterdir()
    if each.is_file()  # the explorer's are in a folder of their own
}
NAMESPACES = {
    "http://www.w3.org/1999/xlink",
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/2000/xmlns/",
    "http://www.w3.org/XML/1998/namespace",
}
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "{{ 7 * 7 }}",
    "a\u2028b\u2029c",
    '"); alert(1); ("',
    "\x00\x1f\x7f",
    "\ud800",
    "甲乙丙＆有限公司",
)


class Elements(HTMLParser):
    """Every element with its attributes, and the text of scripts and of the title."""

    def __init__(self, page):
        super().__init__()
        self.starts, self.texts, self.open = [], [], None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.starts.append((tag, dict(attrs)))
        if tag in ("script", "style", "title"):
            self.open = (tag, dict(attrs))
            self.texts.append((*self.open, ""))

    def handle_endtag(self, tag):
        if self.open and self.open[0] == tag:
            self.open = None

    def handle_data(self, data):
        if self.open:
            self.texts[-1] = (*self.open, self.texts[-1][2] + data)

    def embedded(self, name):
        (text,) = [text for _, attrs, text in self.texts if attrs.get("id") == name]
        return json.loads(text)


def elements(model, language="en"):
    return Elements(render_report(model, language).decode())


@pytest.fixture(scope="module")
def page():
    return render_report(sample_model(), "en").decode()


def test_the_model_comes_back_as_it_went_in():
    model = sample_model(12)
    assert elements(model).embedded("model") == json.loads(json.dumps(model))


def test_the_same_model_gives_the_same_bytes():
    assert render_report(sample_model(9), "zh") == render_report(sample_model(9), "zh")
    assert render_report(sample_model(9), "zh") != render_report(sample_model(9), "en")


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh", "zh-CN")])
def test_the_first_language_is_the_one_asked_for_and_both_are_inside(language, tag):
    found = elements(sample_model(2), language)
    assert ("html", {"lang": tag}) in found.starts
    setup = found.embedded("setup")
    assert setup["language"] == language
    assert setup["texts"] == TEXTS
    (title,) = [text for name, _, text in found.texts if name == "title"]
    assert title == sample_model(2)["meta"]["title"][language]


@pytest.mark.parametrize("language", ["fr", "", "EN"])
def test_another_language_is_refused(language):
    with pytest.raises(InputError, match="no report in the language") as caught:
        render_report({}, language)
    assert caught.value.remedy == "en or zh"


def test_an_unknown_currency_is_refused_by_name():
    with pytest.raises(InputError, match="no currency 'XXX'") as caught:
        render_report({"meta": {"currency": "XXX"}}, "en")
    assert "CNY" in caught.value.remedy


@pytest.mark.parametrize(
    ("currency", "sign", "minor"), [("CNY", "¥", 100), ("JPY", "JP¥", 1), (None, "¥", 100)]
)
def test_the_page_knows_the_sign_and_the_minor_unit_of_its_currency(currency, sign, minor):
    setup = elements({"meta": {"currency": currency}}).embedded("setup")
    assert (setup["currency_sign"], setup["minor_per_major"]) == (sign, minor)


def test_nothing_outside_the_file_is_named(page):
    assert set(re.findall(r"https?://[^\s\"'`)\\<>]+", page)) == NAMESPACES
    assert not re.search(r"@import|\bimport\s*\(|importScripts|XMLHttpRequest|fetch\(", page)
    assert "url(" not in page.split("Apache ECharts 6")[0]  # the library names its own shapes so
    for tag, attrs in Elements(page).starts:
        assert tag not in ("iframe", "object", "embed", "base", "form")
        assert attrs.get("src") is None
        assert tag != "link" or attrs["href"] == "data:,"


def test_the_policy_lets_these_scripts_run_and_no_other(page):
    found = Elements(page)
    (policy,) = [
        attrs["content"]
        for _, attrs in found.starts
        if attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    parts = dict(part.split(" ", 1) for part in policy.split("; "))
    assert parts["default-src"] == parts["base-uri"] == parts["form-action"] == "'none'"
    run = [text for tag, attrs, text in found.texts if tag == "script" and "type" not in attrs]
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run]
    assert len(run) == 2
    assert parts["script-src"] == " ".join(f"'sha256-{digest}'" for digest in digests)


def test_every_element_is_ours_whatever_the_names_say():
    model = sample_model(len(HOSTILE))
    tags = [tag for tag, _ in elements(model).starts]
    for firm, name in zip(model["firms"], HOSTILE, strict=True):
        firm["name"] = firm["party"] = firm["industry"] = name
    model["meta"]["source"] = HOSTILE[1]
    model["meta"]["title"] = {"en": HOSTILE[1], "zh": HOSTILE[0]}
    found = elements(model)
    assert [tag for tag, _ in found.starts] == tags
    assert found.embedded("model")["firms"][1]["name"] == HOSTILE[1]
    (title,) = [text for name, _, text in found.texts if name == "title"]
    assert "alert" in title  # shown, not run


@given(name=st.text(st.characters(exclude_categories=()), max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_text_survives_and_stays_inside_its_script(name):
    page = render_report({"firms": [{"party": name, "name": name}]}, "en").decode()
    raw = re.search(r'id="model">(.*?)</script>', page, re.DOTALL)[1]
    assert not re.search("[<>&\u2028\u2029]", raw)
    assert json.loads(raw)["firms"][0] == {"party": name, "name": name}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_json_cannot_say_is_missing(value):
    model = {"score": {"ks": value, "roc": [[0.0, value]], "bins": ({"low": value},)}}
    assert elements(model).embedded("model") == {
        "score": {"ks": None, "roc": [[0.0, None]], "bins": [{"low": None}]}
    }


@pytest.mark.parametrize(
    "model",
    [
        {},
        {"meta": None, "firms": None},
        {"meta": {}, "firms": []},
        dict.fromkeys(sample_model(1)),
        {key: {} for key in sample_model(1)} | {"firms": []},
    ],
)
def test_an_empty_model_is_a_report_too(model):
    found = elements(model, "zh")
    assert found.embedded("model") == model
    assert any(tag == "noscript" for tag, _ in found.starts)


def test_simulated_data_say_so_at_the_head_of_every_printed_page():
    told = render_report(sample_model(1), "en").decode()
    silent = render_report(sample_model(1, simulated=False), "en").decode()
    words = "SIMULATED DATA, no real firm · 模拟数据，非真实企业"
    assert f'@top-center {{ content: "{words}"' in told
    assert "@top-center" not in silent


def test_the_file_without_its_data_is_small():
    assert len(render_report({}, "en")) < 800_000
    model = sample_model()
    data = len(json.dumps(model, ensure_ascii=False, separators=(",", ":")).encode())
    assert len(render_report(model, "en")) - data < 1_500_000


def test_the_vendored_library_travels_with_its_licences():
    vendor = HERE / "vendor"
    assert "Apache License" in (vendor / "LICENSE").read_text()
    assert "Apache ECharts" in (vendor / "NOTICE").read_text()
    head = (vendor / "echarts.min.js").read_text(encoding="utf-8")[:2500]
    for owner in ("Apache Software Foundation", "Baidu Inc.", "Bostock", "Microsoft Corporation"):
        assert owner in head
    assert "</script" not in (vendor / "echarts.min.js").read_text(encoding="utf-8")


# ---- words ----


def test_every_text_is_there_in_both_languages_with_the_same_blanks():
    for key, text in TEXTS.items():
        assert set(text) == {"en", "zh"}, key
        assert text["en"], key
        assert text["zh"], key
        blanks = [sorted(set(re.findall(r"\{(\w+)\}", each))) for each in text.values()]
        assert blanks[0] == blanks[1], key
        assert all(each.count("**") % 2 == 0 for each in text.values()), key


def spelled_keys():
    """Keys that a script names in full, and the prefixes of those that it puts together."""
    source = "\n".join(SCRIPTS.values())
    whole = set(re.findall(r'\bt\("(\w+)"', source))
    for names in re.findall(r'\bt\([^()]*\? "(\w+)" : "(\w+)"', source):
        whole |= set(names)
    sections = set(re.findall(r'\bsection\("(\w+)"', source))
    whole |= sections | {f"{name}_absent" for name in sections}
    whole |= set(re.findall(r'\b(?:column|amount|word)\("(\w+)"', source))
    return whole


def test_every_text_that_a_page_asks_for_exists():
    assert spelled_keys() - set(TEXTS) == set()


def test_every_text_is_used():
    source = "\n".join(SCRIPTS.values())
    made = (
        "outcome_",
        "sentence_",
        "direction_",
        "effect_",
        "unit_",
        "known_",
        "hidden_",
        "rings_",
    )
    unused = [
        key
        for key in TEXTS
        if f'"{key}"' not in source and key not in spelled_keys() and not key.startswith(made)
    ]
    assert unused == []


def test_every_unit_effect_and_outcome_has_words():
    model = sample_model()
    for unit in Unit:
        assert f"unit_{unit.value}" in TEXTS
    for effect in Effect:
        assert f"effect_{effect.value}" in TEXTS
    for firm in model["firms"]:
        assert f"outcome_{firm['decision']['outcome']}" in TEXTS
        assert f"sentence_{firm['decision']['outcome']}" in TEXTS


# ---- the scripts themselves ----


def test_the_scripts_never_turn_text_into_markup():
    for name, source in SCRIPTS.items():
        markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"
        assert not re.search(markup, source), name


def test_the_scripts_stay_readable():
    for name, source in SCRIPTS.items():
        lines = source.splitlines()
        assert len(lines) <= 300, name
        assert max(map(len, lines)) <= 100, name


def test_the_sample_hangs_together():
    model = sample_model(40)
    assert model == sample_model(40)
    book = model["book"]
    assert book["approved"] + book["referred"] + book["declined"] == book["applicants"] == 40
    assert sum(group["lent_minor"] for group in book["by_class"]) == book["lent_minor"]
    for row in model["facts"]["reconciliation"]:
        assert row["rows"] == row["accepted"] + row["duplicates"] + row["quarantined"]
    for firm in model["firms"]:
        points = [each["points"] for each in firm["reasons"]]
        assert points == sorted(points)
        assert set(firm["missing"]) == {
            key for key, each in firm["features"].items() if each is None
        }

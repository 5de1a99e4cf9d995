"""The pages: what they say in both languages, and that nothing in them is code."""

import csv
import json
import re
import string
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_world import DECISIONS, EVIL, Browser, decision, write_run

from headrace.decisions.lending.decision import Outcome
from headrace.web.console.assets import ASSETS, BY_URL
from headrace.web.console.drawing import TEMPLATES
from headrace.web.console.words import TEXTS, Words, preferred
from headrace.web.guard import local_path

CONSOLE = files("headrace.web.console")
TEMPLATE_NAMES = sorted(TEMPLATES.list_templates())


class Page(HTMLParser):
    """Tags with their attributes, and the texts between."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def pages(browser):
    for path in ("/", "/decisions", "/decisions?outcome=refer", "/password", "/sign-in", "/none"):
        yield path, browser.get(path).text


def test_today_shows_three_numbers_decisions_and_cautions(rita):
    text = rita.get("/").text
    for told in ("40.0%", "6.15%", "1.23%", "2 of 5 firms", "¥1,230 of ¥100,000 drawn"):
        assert told in text
    for told in ("Simulated data, no real firm", "As of 2026-06-30", "Source: a test"):
        assert told in text
    for told in ("1 decisions lacked", "7 rows of the data", "0.91, 95 % interval 0.85 to 0.95"):
        assert told in text
    assert "Rating class D is not lent to" in text


def test_today_in_chinese(rita):
    rita.post("/language", {"language": "zh", "next": "/"})
    text = rita.get("/").text
    for told in ("今日", "批准率", "2 / 5 家", "模拟数据，非真实企业", "预期损失率", "60.00 万元"):
        assert told in text
    assert '<html lang="zh-Hans">' in text


def test_every_page_with_figures_says_that_they_are_simulated(rita):
    for path in ("/", "/decisions"):
        assert "Simulated data, no real firm" in rita.get(path).text
    assert "Simulated" not in rita.get("/password").text


def test_outcomes_of_a_run_add_up(rita):
    counts = re.findall(r'<td class="number">(\d+)</td>', rita.get("/").text)
    assert [int(each) for each in counts[:3]] == [2, 1, 2]


def test_a_viewer_sees_sums_and_no_way_to_firms(browser, world):
    world.add("vera", "viewer")
    browser.sign_in("vera")
    text = browser.get("/").text
    assert "/decisions" not in text
    assert "示例" not in text
    assert browser.get("/decisions").status_code == 403


def own_scripts_only(page):
    """Whether every script is a file of ours, and none stands in the page."""
    return all(each["src"] in BY_URL for each in page.of("script"))


def test_a_firms_name_is_text_whatever_it_holds(rita):
    page = Page(rita.get("/decisions").text)
    assert EVIL in page.text
    assert own_scripts_only(page)
    assert all(each.get("src", "").startswith("/static/") for each in page.of("img"))


def test_what_was_typed_is_text_too(browser):
    answer = browser.sign_in('"><script>alert(1)</script>', "wrong")
    assert own_scripts_only(Page(answer.text))


def test_pages_hold_no_inline_script_or_style_and_nothing_from_elsewhere(rita):
    for path, text in pages(rita):
        page = Page(text)
        assert own_scripts_only(page), path
        assert not page.of("style"), path
        for tag, attrs in page.tags:
            assert not [name for name in attrs if name.startswith("on") or name == "style"], path
            for name in ("src", "href", "action"):
                assert attrs.get(name, "/").startswith(("/", "#")), f"{path}: {tag} {attrs}"


def test_every_field_has_a_label_and_every_page_a_heading_and_a_language(rita):
    for path, text in pages(rita):
        page = Page(text)
        labels = {each["for"] for each in page.of("label")}
        shown = [each for each in page.of("input") if each.get("type") != "hidden"]
        assert {each["id"] for each in shown} == labels, path
        assert len(page.of("h1")) == len(page.of("main")) == 1, path
        assert page.of("html")[0]["lang"] == "en"
        assert all("alt" in each for each in page.of("img"))


def test_every_form_carries_the_token(rita):
    for path, text in pages(rita):
        page = Page(text)
        tokens = [each for each in page.of("input") if each.get("name") == "form_token"]
        assert len(tokens) == len(page.of("form")) > 0, path


def test_the_language_is_the_users_else_the_browsers_else_the_settings(world):
    def language(accepted, cookie=None):
        client = Browser(world).client
        if cookie:
            client.cookies.set("headrace-language", cookie)
        text = client.get("/sign-in", headers={"accept-language": accepted}).text
        return "zh" if "登录" in text else "en"

    assert language("en-GB,zh;q=0.5") == "en"
    assert language("zh-CN") == "zh"
    assert language("fr") == "zh"
    assert language("en", cookie="zh") == "zh"
    assert language("en", cookie="xx") == "en"


def test_switching_the_language_stays_on_the_page(rita):
    page = Page(rita.get("/decisions?outcome=refer").text)
    again = next(each["value"] for each in page.of("input") if each.get("name") == "next")
    answer = rita.post("/language", {"language": "zh", "next": again})
    assert answer.headers["location"] == "/decisions?outcome=refer"
    assert "转人工复核" in rita.get(again).text
    assert rita.post("/language", {"language": "fr", "next": "/"}).status_code == 422


@given(st.text(max_size=30))
def test_the_header_of_a_browser_never_confuses(accepted):
    assert preferred(accepted, "zh") in ("zh", "en")


@given(st.text(max_size=30))
def test_a_way_onward_stays_here(text):
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith("//")
    assert "\\" not in path


def test_every_text_is_said_in_both_languages_with_the_same_gaps():
    def gaps(text):
        return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)

    for name, text in TEXTS.items():
        assert text.en.strip(), name
        assert re.search(r"[\u4e00-\u9fff，。；：、]|Headrace|^\{it\}$|^MB$", text.zh), name
        assert gaps(text.en) == gaps(text.zh), name


def test_every_text_is_used_and_every_used_one_exists():
    sources = "".join(
        each.read_text(encoding="utf-8")
        for each in [
            *CONSOLE.joinpath("templates").iterdir(),
            *(each for each in CONSOLE.iterdir() if each.name.endswith(".py")),
        ]
    )
    begun = set(re.findall(r"['\"](\w+_)(?:['\"]|\{)", sources))  # the rest is put on at run time
    made = {name for name in TEXTS if name.startswith((*begun, "error_"))}
    unused = {name for name in set(TEXTS) - made if not re.search(rf"['\"]{name}['\"]", sources)}
    assert not unused
    asked = set(re.findall(r"words\(\s*['\"](\w+)['\"]", sources)) - begun
    assert asked <= set(TEXTS)


NAMES = {
    "Headrace",
    "活水",
    "English",
    "中文",
    "doctype",
    "CSV",
    "XLSX",
    "DOCX",
    "PDF",
    "JSON",
    "PNG",
    "GraphML",
}
"""The same in every language."""


def test_templates_hold_no_words_of_their_own():
    for name in TEMPLATE_NAMES:
        text = CONSOLE.joinpath("templates", name).read_text(encoding="utf-8")
        bare = re.sub(r"\{[{%#].*?[}%#]\}|<[^>]*>", " ", text, flags=re.DOTALL)
        words = set(re.findall(r"\w+", bare)) - NAMES
        assert not words, f"{name}: {words}"


def test_money_is_written_as_people_of_the_language_do():
    assert Words("zh").money(123_456_789_00, "CNY") == "12,345.68 万元"
    assert Words("zh").money(999_900, "CNY") == "¥9,999"
    assert Words("en").money(123_456_789_49, "CNY") == "¥123,456,789"
    assert Words("en").share(None) == "unknown"
    assert Words("zh").share(0.12345) == "12.3%"


def test_assets_are_named_for_what_they_hold_and_kept_for_ever(browser):
    assert {"console.css", "htmx.min.js", "mark.svg"} <= set(ASSETS)
    for url, asset in BY_URL.items():
        answer = browser.get(url)
        assert answer.content == asset.content
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == asset.media_type
        assert re.fullmatch(r"/static/[\w.]+\.[0-9a-f]{16}\.\w+", url)


@pytest.mark.parametrize(
    "path",
    [
        "console.css",
        "..%2f..%2fsettings.py",
        "%2e%2e/%2e%2e/settings.py",
        "....//settings.py",
        "/etc/passwd",
        "console.0000000000000000.css",
        "%00",
    ],
)
def test_no_other_file_is_served(browser, path):
    answer = browser.client.get(f"/static/{path}")
    assert answer.status_code == 404
    assert "import" not in answer.text


def test_without_a_run_the_page_says_how_to_make_one(rita, world):
    (world.services.run.path / "run.json").unlink()
    answer = rita.get("/")
    assert answer.status_code == 409
    assert "headrace demo" in answer.text


@pytest.mark.parametrize("file", ["run.json", "summary.json", "decisions.parquet"])
def test_a_damaged_run_is_a_clear_answer(rita, world, file):
    for content in (b"", b"{}", b"[1]", b"null", b"\xff\xfe", b"PAR1"):
        (world.services.run.path / file).write_bytes(content)
        assert rita.get("/").status_code == 409
        assert rita.get("/api/v1/decisions").status_code == 409


def test_a_later_run_in_the_same_folder_is_shown(rita, world):
    assert "2 of 5" in rita.get("/").text
    assert rita.get("/api/v1/decisions/E9@2026-06-30").status_code == 404
    write_run(world.services.run.path, (*DECISIONS, decision(9, Outcome.DECLINE)))
    assert rita.get("/api/v1/decisions/E9@2026-06-30").status_code == 200


def test_decisions_are_a_file_for_a_spreadsheet(rita, world):
    file = rita.get("/decisions.csv?outcome=approve")
    rows = list(csv.DictReader(file.content.decode("utf-8-sig").splitlines()))
    assert [row["Decision"] for row in rows] == ["E1@2026-06-30", "E4@2026-06-30"]
    assert [rows[0][name] for name in ("Outcome", "Limit", "Rate")] == [
        "Approved", "300000.00", "0.0615"]  # fmt: skip
    assert 'filename="decisions-2026-' in file.headers["content-disposition"]
    assert rita.get("/decisions.xlsx").content[:2] == b"PK"
    assert rita.get("/decisions.xml").status_code == 422
    assert ("rita", "GET /decisions.{kind}", "csv") in world.acts()
    assert 'href="/decisions.xlsx?outcome=approve"' in rita.get("/decisions?outcome=approve").text


def test_a_run_without_decisions_is_shown(rita, world):
    write_run(world.services.run.path, ())
    assert rita.get("/").status_code == 200
    assert "No decision of this kind" in rita.get("/decisions").text


def test_texts_are_plain_json():
    for file in CONSOLE.joinpath("texts").iterdir():
        assert json.loads(file.read_text(encoding="utf-8")), file.name

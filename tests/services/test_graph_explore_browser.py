"""The page that `headrace graph explore` writes, opened from its file, with no network."""

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from headrace.cli import main
from headrace.simulator.run import simulate, write_economy
from headrace.simulator.settings import EconomySettings

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.services

CHROMIUM = os.environ.get("HEADRACE_CHROMIUM", "/usr/bin/chromium")
STILL = "() => document.querySelector('#drawing').still()"
SMALL = EconomySettings(firms=60, invoices=4_000)


def headrace(*arguments):
    """Run the command; it must succeed."""
    try:
        main([str(each) for each in arguments])
    except SystemExit as end:
        if end.code:
            message = f"{arguments} ended with {end.code}"
            raise AssertionError(message) from end


@pytest.fixture(scope="module")
def economy(tmp_path_factory):
    """A small economy: its data, the graph of it, and a firm of a guarantee circle."""
    folder = tmp_path_factory.mktemp("economy")
    write_economy(simulate(SMALL, seed=5), folder / "data")
    headrace("graph", "build", "--data", folder / "data", "--out", folder / "out", "--json")
    rings = pq.read_table(folder / "data/truth/guarantee_rings.parquet").to_pylist()
    return folder / "data", folder / "out", rings[0]["firm_id"]


@pytest.fixture(scope="module")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}; set HEADRACE_CHROMIUM")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, economy, tmp_path):
    """The page around a firm; at the end nothing may have failed, nothing been fetched."""
    said, asked, contexts = [], [], []

    def visit(*options):
        page_file = tmp_path / "graph.html"
        _, out, firm = economy
        headrace("graph", "explore", firm, *options, "--to", page_file, "--out", out)
        contexts.append(browser.new_context(offline=True, viewport={"width": 1440, "height": 860}))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        page.wait_for_function(STILL)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert said == []
    assert {url.rsplit("/", 1)[0] for url in asked} <= {tmp_path.as_uri()}


def shown(page):
    return set(page.evaluate("document.querySelector('#drawing').shown()"))


def names(data):
    rows = pq.read_table(data / "firms.parquet").to_pylist()
    return {row["firm_id"]: row["name"] for row in rows}


def click_party(page, code):
    page.wait_for_function(STILL)
    at = page.evaluate("(code) => document.querySelector('#drawing').where(code)", code)
    page.mouse.click(at["x"], at["y"])


def test_it_opens_on_the_firm_asked_for_and_says_that_data_are_made_up(visit, economy):
    data, _, firm = economy
    page = visit("--lang", "en")
    assert page.locator("#panel h2").first.inner_text() == names(data)[firm]
    assert firm in shown(page)
    assert "SIMULATED DATA" in page.inner_text("header")
    assert not {"undefined", "NaN", "null", "[object"} & set(page.inner_text("body").split())


def test_a_firm_is_found_by_name_and_by_code(visit, economy):
    data, _, firm = economy
    page = visit("--lang", "en", "--depth", "2")
    others = sorted((set(names(data)) & shown(page)) - {firm})
    by_name, by_code = others[0], others[-1]
    for words, code in ((names(data)[by_name], by_name), (by_code, by_code)):
        page.get_by_label("Find a party").fill(words)
        page.get_by_label("Find a party").press("Enter")
        assert page.locator("#panel h2").first.inner_text() == names(data)[code]
        assert code in shown(page)


def test_a_click_opens_a_party_and_draws_its_neighbours(visit, economy):
    data, _, firm = economy
    page = visit("--lang", "en", "--depth", "2")
    page.get_by_role("button", name="Only this").click()
    near = shown(page)
    other = sorted((near & set(names(data))) - {firm})[0]
    click_party(page, other)
    page.wait_for_function(STILL)
    assert page.locator("#panel .code").first.inner_text() == other
    assert shown(page) >= near


def test_each_relation_names_the_fact_it_rests_on(visit):
    page = visit("--lang", "en")
    row = page.locator("#panel tr", has_text="guarantees").first
    row.get_by_role("button", name="Proof").click()
    assert "relations#" in page.locator("#panel").inner_text()


def test_the_slider_of_time_hides_what_had_not_begun(visit):
    page = visit("--lang", "en")
    guarantees = page.locator("#panel tbody tr", has_text="guarantees")
    assert guarantees.count() > 0
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    assert guarantees.count() == 0, "they were given later than the first day"
    page.keyboard.press("End")
    page.get_by_role("button", name="All times").click()
    assert guarantees.count() > 0


def test_the_language_can_be_changed_both_ways(visit):
    page = visit("--lang", "zh")
    assert page.get_attribute("html", "lang") == "zh-CN"
    assert "模拟数据" in page.inner_text("header")
    page.get_by_role("button", name="English").click()
    assert page.get_attribute("html", "lang") == "en"
    assert "SIMULATED DATA" in page.inner_text("header")
    page.get_by_role("button", name="中文").click()
    assert page.get_attribute("html", "lang") == "zh-CN"

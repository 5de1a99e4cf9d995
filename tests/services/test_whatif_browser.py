"""The page of a what-if in a browser: the frontier is drawn, nothing is fetched, nothing fails."""

import os
from pathlib import Path

import pytest

from headrace.adapters.html.whatif import render_whatif
from headrace.adapters.terminal import Silent
from headrace.decisions.whatif.compare import Settings
from headrace.decisions.whatif.search import read_target
from headrace.workflows.simulate_policy import Hunt, Setup, simulate_policy, told
from whatif_sample import big_world, program_of

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.services
CHROMIUM = os.environ.get("HEADRACE_CHROMIUM", "/usr/bin/chromium")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_frontier_is_drawn(tmp_path, scheme):
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}; set HEADRACE_CHROMIUM")
    made = big_world(600)
    rules = [
        [(f"> {least}", "-", "-", "approve"), ("-", "-", "-", "decline")] for least in (20, 40)
    ]
    old, new = (made.trial(program_of(access, [("-", "250")])) for access in rules)
    setup = Setup(made.cases, old, new, made.columns["who"].to_arrow(), "sample")
    hunt = Hunt(read_target("expected_loss <= 0.1"))
    values = told(simulate_policy(setup, Settings(draws=20), hunt, Silent()))
    path = tmp_path / "whatif.html"
    path.write_bytes(render_whatif(values, "en"))
    said, asked = [], []
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = chromium.new_context(color_scheme=scheme).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("#frontier svg")
        drawn = page.locator("#frontier svg").text_content()
        wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        chromium.close()
    assert said == []
    assert asked == [path.as_uri()]
    assert wide
    for word in ("approval rate", "expected loss, share", "old", "new", "edited"):
        assert word in drawn

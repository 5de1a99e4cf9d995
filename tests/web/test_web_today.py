"""*Today*: the frontier and the stress of a run, and what changed since yesterday."""

import html
import json
import re

import pytest
from web_world import Browser

from headrace.web.console.changes import changes
from headrace.web.console.frontier import frontier
from headrace.web.console.words import Words
from headrace.web.security.access import ACCESS
from headrace.workflows.policy_history import Act, Deed

MAY = ACCESS.roles["risk_manager"].may


@pytest.fixture
def page(demo):
    """Today, as a risk manager of the demo reads it."""
    demo.add("rita", "risk_manager")
    browser = Browser(demo)
    browser.sign_in("rita")
    return browser.get("/").text


def test_the_picture_shows_the_books_that_are_in_the_table(demo, page):
    chart = json.loads(html.unescape(re.search(r'data-chart="([^"]+)"', page)[1]))
    *caps, chosen = chart["series"]
    kept = [row for row in demo.services.run.current().frontier if row["dominated"] != "True"]
    assert sum(len(each["data"]) for each in caps) == len(kept) > 3
    assert len({each["name"] for each in chart["series"]}) == len(chart["series"])
    (place,) = chosen["data"]
    assert f"{place[0]:.1f}%" in page
    assert place in [point for each in caps for point in each["data"]]
    table = page[page.index("<details>\n<summary>The same") :].partition("</table>")[0]
    assert table.count("<tr>") == len(kept) + 1
    assert table.count("✓") == 1


def test_every_scenario_is_told_in_words(demo, page):
    told = demo.services.run.current().stress
    assert told
    assert all(row["en"] in html.unescape(page) for row in told)


def test_a_run_that_kept_no_frontier_has_no_picture(rita):
    page = rita.get("/").text
    assert "data-chart" not in page
    assert frontier((), "CNY", Words("en")) is None


def test_what_people_did_to_policies_is_told_for_a_day(world):
    digest = {"digest": "0" * 64, "pack": ""}
    files = {"policy.yaml": b"policy: a\nsteps: []\notherwise: refer\n"}
    now = world.clock()
    world.services.policies.propose(Act("a", Deed.PROPOSE, 0, "ann", "", digest), files, now)
    world.services.policies.record(Act("a", Deed.APPROVE, 1, "bob"), now + 1)
    world.clock.pass_minutes(1)
    found = changes(world.services, Words("en"), MAY)
    assert [each.text for each in found] == [
        "bob approved version 1 of a",
        "ann submitted version 1 of a",
    ]
    assert {each.path for each in found} == {"/policies/a"}
    assert changes(world.services, Words("zh"), frozenset({"book"})) == ()
    world.clock.pass_minutes(24 * 60)
    assert changes(world.services, Words("zh"), MAY) == ()

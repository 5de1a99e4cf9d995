"""Every page of the menu in a real browser: in both languages, for every role, with axe-core."""

import os
import shutil
from pathlib import Path

import pytest
from console_served import Served, served

from headrace.web.console.navigation import PLACES
from headrace.web.security.access import ACCESS

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
pytestmark = pytest.mark.services
CHROMIUM = os.environ.get("HEADRACE_CHROMIUM", "/usr/bin/chromium")
GRAVE = ("critical", "serious")
PEOPLE = {"zh": 1280, "en": 375}
"""Each language at one of the widths: a desk and a phone."""


def name_of(role: str) -> str:
    """Somebody who has this role and no other."""
    return f"a-{role.replace('_', '-')}"


@pytest.fixture(scope="module")
def console(demo_folder, tmp_path_factory):
    """The demo, served, with somebody of each role and somebody of all."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}; set HEADRACE_CHROMIUM")
    folder = tmp_path_factory.mktemp("console") / "demo"
    shutil.copytree(demo_folder, folder)
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with served(folder, chromium) as found:
            for role in ACCESS.roles:
                found.add(name_of(role), role)
            found.add("everybody", *ACCESS.roles)
            yield found
        chromium.close()


def violations(page):
    """What axe-core calls serious or worse, in words."""
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html'][:120]}"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"][:3]
    ]


@pytest.mark.parametrize(("language", "width"), PEOPLE.items())
def test_every_page_of_the_menu_opens_fits_and_can_be_used_by_everybody(
    console: Served, language, width
):
    console.said.clear()
    wrong = []
    with console.signed_in("everybody", language, width) as page:
        for place in PLACES:
            answer = page.goto(console.url + place.path, wait_until="networkidle")
            if answer.status != 200:
                wrong.append(f"{place.path}: {answer.status}")
                continue
            wrong += [f"{place.path}: {each}" for each in violations(page)]
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                wrong.append(f"{place.path}: wider than {width} pixels")
    assert wrong == []
    assert console.said == []


PERSONS = sorted(name for name, role in ACCESS.roles.items() if "book" in role.may)
"""Roles of people; `system` is for programs, which see no page."""


@pytest.mark.parametrize("role", PERSONS)
def test_every_role_sees_its_own_menu_and_each_entry_opens(console: Served, role):
    with console.signed_in(name_of(role), "en") as page:
        shown = page.eval_on_selector_all(
            ".menu a", "found => found.map(each => each.getAttribute('href'))"
        )
        assert shown == [each.path for each in PLACES if each.permission in ACCESS.roles[role].may]
        for path in shown:
            assert page.goto(console.url + path).status == 200, path

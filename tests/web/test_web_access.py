"""Who may do what: the table, every route against every role, and the audit of it."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from web_world import ORIGIN, PASSWORD, Browser

from headrace.errors import InputError
from headrace.web.app import create_app
from headrace.web.guard import PUBLIC, SAFE, SIGNED, Needs, OwnForm
from headrace.web.security.access import ACCESS, parse_access

PAGE = Path(__file__).parents[2] / "docs" / "concepts" / "access.md"


def calls(dependant):
    """Everything that a route depends on, at any depth."""
    for each in dependant.dependencies:
        yield each.call
        yield from calls(each)


def routes(world):
    return list(iter_route_contexts(create_app(world.services).routes))


def needed(route):
    return [call.permission for call in calls(route.dependant) if isinstance(call, Needs)]


def test_every_route_needs_a_permission_or_is_public_by_name(world):
    found = routes(world)
    assert len(found) > 14
    for route in found:
        permissions = needed(route)
        if route.name in PUBLIC:
            assert not permissions, f"{route.path} is public and needs {permissions}"
        else:
            assert len(permissions) == 1, f"{route.path} carries {permissions}"
    assert {route.name for route in found} >= PUBLIC, "a public name that no route has"


def test_public_routes_that_change_something_ask_for_our_own_form(world):
    for route in routes(world):
        if route.name in PUBLIC - SIGNED and not set(route.methods) <= SAFE:
            assert any(isinstance(call, OwnForm) for call in calls(route.dependant)), route.path


def test_every_permission_is_needed_by_a_route_and_given_to_a_role(world):
    used = {name for route in routes(world) for name in needed(route)}
    given = set().union(*(role.may for role in ACCESS.roles.values()))
    assert used == set(ACCESS.permissions) == given


@pytest.mark.parametrize("role", sorted(ACCESS.roles))
def test_every_route_answers_a_role_as_the_table_says(world, role):
    world.add("somebody", role)
    browser = Browser(world)
    browser.sign_in("somebody")
    checked = 0
    for route in routes(world):
        if route.name in PUBLIC or route.name == "sign_out":
            continue
        path = route.path.replace("{decision_id}", "E1@2026-06-30")
        for method in sorted(set(route.methods) & {"GET", "POST"}):
            if method == "GET":
                status = browser.get(path).status_code
            else:
                status = browser.post(path).status_code
            allowed = needed(route)[0] in ACCESS.roles[role].may
            assert (status != 403) == allowed, f"{role}: {method} {path} gave {status}"
            assert status < 500
            checked += 1
    assert checked >= 8


def test_nobody_reads_anything_without_an_account(world):
    browser = Browser(world)
    for route in routes(world):
        if route.name in PUBLIC:
            continue
        path = route.path.replace("{decision_id}", "E1@2026-06-30")
        for method in set(route.methods) & {"GET", "POST"}:
            answer = browser.client.request(method, path, headers={"accept": "*/*"})
            assert answer.status_code == 401, f"{method} {path}"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "E1" not in answer.text


def test_a_browser_without_a_session_is_led_to_the_form_and_back(browser, world):
    world.add("rita", "risk_manager")
    answer = browser.get("/decisions")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/decisions"
    assert browser.sign_in("rita", onward="/decisions").headers["location"] == "/decisions"


@pytest.mark.parametrize(
    "onward",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\r\nx"],
)
def test_nobody_is_led_to_another_site(browser, world, onward):
    world.add("rita", "risk_manager")
    assert browser.sign_in("rita", onward=onward).headers["location"] == "/"


def test_reading_about_somebody_is_audited_before_it_is_shown(rita, world):
    rita.get("/api/v1/decisions")
    rita.get("/api/v1/decisions/E2@2026-06-30")
    rita.get("/")
    assert world.acts()[:2] == [
        ("rita", "GET /api/v1/decisions/{decision_id}", "E2@2026-06-30"),
        ("rita", "GET /api/v1/decisions", ""),
    ]


def test_nothing_about_somebody_is_shown_where_the_audit_cannot_be_written(rita, world):
    world.store._engine.dispose()
    path = Path(world.services.workspace.store("accounts"))
    for each in path.parent.glob("accounts.db*"):
        each.unlink()
    answer = rita.get("/api/v1/decisions")
    assert answer.status_code == 503
    assert "E1" not in answer.text
    assert str(path.parent) not in answer.text, "where the store is, is nobody's business"


def test_a_refusal_is_audited(browser, world):
    world.add("vera", "viewer")
    browser.sign_in("vera")
    assert browser.get("/api/v1/decisions/E1@2026-06-30").status_code == 403
    assert world.acts()[0] == (
        "vera",
        "refused: GET /api/v1/decisions/{decision_id}",
        "E1@2026-06-30",
    )


def test_one_without_permission_cannot_tell_which_decisions_there_are(browser, world):
    world.add("vera", "viewer")
    browser.sign_in("vera")
    there = browser.get("/api/v1/decisions/E1@2026-06-30").json()
    absent = browser.get("/api/v1/decisions/E999@2026-06-30").json()
    assert there["status"] == absent["status"] == 403
    assert there["detail"] == absent["detail"]


def test_a_key_may_what_it_was_made_for_and_no_more(world):
    world.add("rita", "risk_manager")
    key = world.accounts.add_key("rita", ["decisions"], days=1)
    client = Browser(world).client
    headers = {"authorization": f"Bearer {key}"}
    assert client.get("/api/v1/decisions", headers=headers).status_code == 200
    assert client.get("/api/v1/me", headers=headers).status_code == 403
    world.clock.pass_minutes(24 * 60)
    assert client.get("/api/v1/decisions", headers=headers).status_code == 401


def test_a_key_never_may_more_than_its_user(world):
    world.add("vera", "viewer")
    with pytest.raises(InputError, match="vera may not 'decisions'"):
        world.accounts.add_key("vera", ["decisions"], days=1)


def test_a_revoked_key_and_that_of_a_locked_user_open_nothing(world):
    world.add("rita", "risk_manager")
    first, second = (world.accounts.add_key("rita", ["account"], days=1) for _ in range(2))
    world.accounts.revoke_key(first.split("_")[1])
    with pytest.raises(InputError, match="no such key"):
        world.accounts.revoke_key(first.split("_")[1])
    client = Browser(world).client

    def status(key):
        return client.get("/api/v1/me", headers={"authorization": f"Bearer {key}"}).status_code

    assert (status(first), status(second)) == (401, 200)
    world.accounts.lock("rita")
    assert status(second) == 401


def test_a_wrong_key_is_no_session(rita):
    assert rita.get("/api/v1/me").status_code == 200
    for given in ("Bearer hr_nonsense", "Bearer x", "Basic cml0YTp4", "Bearer ", "x"):
        headers = {"authorization": given, "accept": "application/json"}
        assert rita.get("/api/v1/me", headers=headers).status_code == 401, given


def test_stored_secrets_open_nothing(world):
    world.add("rita", "risk_manager")
    key = world.accounts.add_key("rita", ["account"], days=1)
    browser = Browser(world)
    browser.sign_in("rita")
    token = browser.client.cookies["headrace"]
    path = Path(world.services.workspace.store("accounts"))
    kept = path.read_bytes()
    kept += Path(f"{path}-wal").read_bytes()
    for secret in (key, key.split("_", 2)[2], token, PASSWORD):
        assert secret.encode() not in kept


def test_the_table_refuses_what_cannot_be():
    with pytest.raises(InputError, match="'fly' is no permission"):
        parse_access('[permissions]\n[roles.a]\nen = "a"\nzh = "a"\nmay = ["fly"]')
    with pytest.raises(InputError, match="'king' is no role"):
        ACCESS.require_roles(["viewer", "king"])
    with pytest.raises(InputError, match="no role given"):
        ACCESS.require_roles([])
    assert ACCESS.allowed(["viewer", "gone"]) == ACCESS.roles["viewer"].may


def test_the_documentation_shows_the_table_as_it_is():
    text = PAGE.read_text(encoding="utf-8")
    heads = "".join(f" {role.text.en} {role.text.zh} |" for role in ACCESS.roles.values())
    assert f"| | |{heads}" in text
    for each in ACCESS.permissions.values():
        marks = "".join(
            f" {'yes' if each.name in role.may else ''} |".replace("  |", " |")
            for role in ACCESS.roles.values()
        )
        assert f"| `{each.name}` | {each.text.en} {each.text.zh} |{marks}" in text, each.name
    listed = re.findall(r"^\| `(\w+)`", text, re.MULTILINE)
    assert listed == list(ACCESS.permissions)


def test_the_table_is_in_the_package():
    assert "[roles.admin]" in files("headrace.web.security").joinpath("access.toml").read_text()


def test_the_origin_of_tests_is_the_services_own(world):
    assert ORIGIN.removeprefix("http://") in world.services.settings.hosts()

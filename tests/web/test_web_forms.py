"""Cross-site request forgery: what changes something comes from a page of ours."""

import pytest
from web_world import ORIGIN, PASSWORD, Browser

NEW = "copper-violin-marsh-kite"
FIELDS = {"old": PASSWORD, "new": NEW, "again": NEW}


def still_signs_in(world):
    return world.accounts.passwords.agree(PASSWORD, world.store.user("rita").password)


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "https://localhost"]
)
def test_a_form_of_another_site_changes_nothing(rita, world, origin):
    answer = rita.post("/password", FIELDS, origin=origin)
    assert answer.status_code == 403
    assert still_signs_in(world)


def test_a_form_without_an_origin_changes_nothing(rita, world):
    data = FIELDS | {"form_token": rita.form_token()}
    assert rita.client.post("/password", data=data).status_code == 403
    assert still_signs_in(world)


@pytest.mark.parametrize("token", ["", "0" * 64, "é", "x" * 10_000])
def test_a_form_with_a_wrong_token_changes_nothing(rita, world, token):
    answer = rita.post("/password", FIELDS | {"form_token": token})
    assert answer.status_code == 403
    assert still_signs_in(world)


def test_the_token_of_somebody_elses_form_does_not_fit(rita, world):
    world.add("eve", "viewer")
    eve = Browser(world)
    eve.sign_in("eve")
    assert rita.post("/password", FIELDS | {"form_token": eve.form_token()}).status_code == 403
    assert still_signs_in(world)


def test_the_token_of_before_signing_in_does_not_fit_after_it(browser, world):
    world.add("rita", "risk_manager")
    before = browser.form_token()
    browser.sign_in("rita")
    assert browser.post("/password", FIELDS | {"form_token": before}).status_code == 403


def test_nobody_is_signed_in_as_somebody_else_from_another_site(browser, world):
    """Login forgery: a victim that works in the attacker's account tells the attacker all."""
    world.add("eve", "viewer")
    fields = {"name": "eve", "password": PASSWORD}
    answer = browser.client.post("/sign-in", data=fields, headers={"origin": ORIGIN})
    assert answer.status_code == 403
    assert browser.post("/sign-in", fields, origin="https://evil.example").status_code == 403
    assert browser.post("/sign-out").status_code == 401, "nobody is signed in"


def test_a_program_may_send_the_token_in_a_header(rita):
    headers = {"origin": ORIGIN, "x-form-token": rita.form_token()}
    assert rita.client.post("/sign-out", headers=headers).status_code == 303


def test_a_page_that_is_loaded_changes_nothing(rita):
    for path in ("/sign-out", "/language"):
        assert rita.get(path).status_code == 405
    assert rita.get("/api/v1/me").status_code == 200


def test_behind_a_proxy_our_origin_is_the_one_in_the_settings(world):
    world.add("rita", "risk_manager")
    behind = Browser(world.with_settings(origin="https://credit.bank.example"))
    behind.origin = "https://credit.bank.example"
    behind.client.base_url = "https://credit.bank.example"
    assert behind.sign_in("rita").status_code == 303
    behind.origin = ORIGIN
    assert behind.sign_in("rita").status_code == 403


def test_fields_that_no_form_has_change_nothing(rita, world):
    """Mass assignment."""
    more = {"roles": "admin", "locked": "1", "user": "admin", "password_due": "0"}
    rita.post("/password", FIELDS | more)
    after = world.store.user("rita")
    assert after.roles == ("risk_manager",)
    assert not still_signs_in(world)


def test_a_file_in_place_of_a_field_is_refused(rita, world):
    files = {"new": ("x.txt", b"x")}
    data = {"form_token": rita.form_token(), "old": PASSWORD}
    headers = {"origin": ORIGIN}
    answer = rita.client.post("/password", data=data, files=files, headers=headers)
    assert answer.status_code == 400
    assert still_signs_in(world)

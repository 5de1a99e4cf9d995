"""Signing in at a provider: a real one on a real port, and everything it or a thief could try."""

import re
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from oidc_provider import CLIENT, SECRET, by_public_key, by_stranger, provider, rsa_key, unsigned
from web_world import Browser

from headrace.adapters.http_json import NotAnsweredError, ask_json, is_safe
from headrace.adapters.wall_clock import now
from headrace.errors import InputError
from headrace.web.security.oidc import Provider
from headrace.web.security.oidc_settings import OidcSettings, read_oidc_settings, read_secret

ROLES = {"credit-risk": "risk_manager", "bank-audit": "auditor", "branch": "account_manager"}


@pytest.fixture(scope="module")
def running():
    with provider() as staff:
        yield staff


@pytest.fixture
def staff(running):
    """The provider, honest again, with Li Wei of credit risk at the keyboard."""
    running.claims = {
        "sub": "007",
        "preferred_username": "Li.Wei",
        "groups": ["credit-risk", "canteen"],
    }
    running.change, running.sign, running.checks = (lambda claims: None), None, True
    running.key = running.published[0]
    running.header, running.about = {"alg": "RS256", "kid": "k1"}, {}
    running.asked.clear()
    return running


@pytest.fixture
def bank(world, staff):
    """A service that sends people to the provider."""
    world.clock.at = now()
    settings = OidcSettings(staff.issuer, CLIENT, name="Bank ID", roles=ROLES)
    world.services = replace(
        world.services, provider=Provider(settings, SECRET, world.services.now)
    )
    return world


def with_settings(bank, **changes):
    settings = replace(bank.services.provider.settings, **changes)
    bank.services = replace(bank.services, provider=Provider(settings, SECRET, bank.services.now))


def set_out(browser, onward="/decisions"):
    """To the provider and to where it sends the browser back."""
    there = browser.get(f"/sign-in/oidc?next={onward}").headers["location"]
    parts = urlsplit(there)
    connection = HTTPConnection(parts.netloc)
    connection.request("GET", f"{parts.path}?{parts.query}")
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.getheader("location")


def back(browser, way, **changes):
    """Back with the answer, or with another one."""
    parts = urlsplit(way)
    query = {name: each[0] for name, each in parse_qs(parts.query).items()} | changes
    return browser.get(f"{parts.path}?{urlencode(query)}")


def why(bank):
    return [line["why"] for line in bank.logged if line["event"] == "sign-in refused"][-1]


def test_somebody_signs_in_and_is_made_a_user_the_first_time(bank):
    browser = Browser(bank)
    assert "Sign in with Bank ID" in browser.get("/sign-in").text
    answer = back(browser, set_out(browser))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/decisions"
    assert browser.get("/decisions").status_code == 200
    user = bank.store.user("li.wei")
    assert (user.roles, user.password, user.password_due) == (("risk_manager",), "", False)
    assert ("sign-in provider", "user.added", "li.wei as risk_manager") in bank.acts()
    assert ("li.wei", "sign_in", "li.wei") in bank.acts()
    browser.post("/sign-out")
    assert browser.get("/decisions").status_code == 303
    assert back(browser, set_out(browser)).status_code == 303
    assert len(bank.store.users()) == 1


def test_signing_out_here_shows_the_way_to_sign_out_there(bank, staff):
    staff.about = {"end_session_endpoint": f"{staff.issuer}/logout?x=1"}
    browser = Browser(bank)
    back(browser, set_out(browser))
    assert browser.post("/sign-out").headers["location"] == "/sign-out/elsewhere"
    assert browser.get("/decisions").status_code == 303, "the session here is over"
    page = browser.get("/sign-out/elsewhere")
    assert "Sign out at Bank ID too" in page.text
    there = re.search(rf'href="({staff.issuer}/logout[^"]*)"', page.text)[1].replace("&amp;", "&")
    query = parse_qs(urlsplit(there).query)
    after = {"client_id": [CLIENT], "post_logout_redirect_uri": ["http://localhost/sign-in"]}
    assert query == {"x": ["1"]} | after
    assert "refresh" not in page.text, "nobody is sent there unasked"


@pytest.mark.parametrize("endpoint", [None, "http://evil.example/", "javascript:alert(1)"])
def test_without_a_safe_place_to_sign_out_there_is_no_way_to_it(bank, staff, endpoint):
    staff.about = {"end_session_endpoint": endpoint}
    page = Browser(bank).get("/sign-out/elsewhere")
    assert page.status_code == 200
    assert "Sign out at Bank ID too" not in page.text
    bank.add("rita", "viewer")
    local = Browser(bank)
    local.sign_in("rita")
    assert local.post("/sign-out").headers["location"] == "/sign-in", "she signed in here"


def leave(bank, token):
    return Browser(bank).client.post("/sign-in/oidc/leave", data={"logout_token": token})


def test_who_signs_out_at_the_provider_is_signed_out_here(bank, staff):
    staff.change = later(sid="s1")
    first, second, local = Browser(bank), Browser(bank), Browser(bank)
    back(first, set_out(first))
    staff.change = later(sid="s2")
    back(second, set_out(second))
    bank.add("rita", "risk_manager")
    local.sign_in("rita")
    told = leave(bank, staff.logout_token(sid="s1"))
    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["cache-control"] == "no-store"
    assert [each.get("/decisions").status_code for each in (first, second)] == [303, 200]
    assert ("sign-in provider", "session.ended", "li.wei") in bank.acts()
    assert leave(bank, staff.logout_token(sub=None, sid="s2")).status_code == 200
    assert second.get("/decisions").status_code == 303
    assert local.get("/decisions").status_code == 200
    for nobody in ({"sub": "stranger"}, {"sub": None, "sid": "other"}):
        assert leave(bank, staff.logout_token(**nobody)).status_code == 200
    assert local.get("/decisions").status_code == 200


def test_a_token_sent_again_ends_no_later_session(bank, staff):
    browser = Browser(bank)
    back(browser, set_out(browser))
    token = staff.logout_token()
    bank.clock.pass_minutes(0.05)
    assert leave(bank, token).status_code == 200
    assert browser.get("/decisions").status_code == 303
    bank.clock.pass_minutes(2)
    back(browser, set_out(browser))
    assert leave(bank, token).status_code == 200, "its end is not reached, by a minute of skew"
    assert browser.get("/decisions").status_code == 200


NO_LEAVE = {
    "events": {"events": {}},
    "events no table": {"events": ["http://schemas.openid.net/event/backchannel-logout"]},
    "nonce": {"nonce": "x"},
    "audience": {"aud": "somebody-else"},
    "issuer": {"iss": "https://evil.example"},
    "expired": {"exp": now() // 1_000_000 - 3600},
    "no end": {"exp": None},
    "no time": {"iat": None},
    "no id": {"jti": None},
    "nobody": {"sub": None},
    "who is no text": {"sub": 7},
}


@pytest.mark.parametrize("lie", NO_LEAVE)
def test_a_logout_token_that_does_not_fit_ends_nothing(bank, staff, lie):
    browser = Browser(bank)
    back(browser, set_out(browser))
    answer = leave(bank, staff.logout_token(**NO_LEAVE[lie]))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert browser.get("/decisions").status_code == 200


@pytest.mark.parametrize("sign", [unsigned, by_stranger])
def test_a_logout_token_that_the_provider_did_not_sign_ends_nothing(bank, staff, sign):
    browser = Browser(bank)
    back(browser, set_out(browser))
    staff.sign = sign
    assert leave(bank, staff.logout_token()).status_code == 400
    assert leave(bank, "").status_code == 400
    assert browser.get("/decisions").status_code == 200


def test_nobody_signs_in_under_that_name_with_a_password(bank):
    browser = Browser(bank)
    back(browser, set_out(browser))
    for password in ("", "x", "tern-lamp-quarry-oat"):
        assert Browser(bank).sign_in("li.wei", password).status_code == 401


def test_roles_follow_the_provider_at_every_sign_in(bank, staff):
    browser = Browser(bank)
    back(browser, set_out(browser))
    staff.claims["groups"] = ["bank-audit"]
    back(browser, set_out(browser))
    assert bank.store.user("li.wei").roles == ("auditor",)
    assert ("sign-in provider", "roles.set", "li.wei: risk_manager -> auditor") in bank.acts()
    assert browser.get("/admin/audit").status_code == 200


def test_regions_come_with_the_claim_that_is_named(bank, staff):
    with_settings(bank, regions_claim="areas")
    staff.claims |= {"groups": "branch", "areas": ["浙江"]}
    browser = Browser(bank)
    assert back(browser, set_out(browser)).status_code == 303
    assert bank.store.user("li.wei").regions == ("浙江",)
    del staff.claims["areas"]
    assert back(browser, set_out(browser)).status_code == 401
    assert "region" in why(bank)


def test_local_accounts_still_sign_in(bank):
    bank.add("rita", "risk_manager")
    assert Browser(bank).sign_in("rita").status_code == 303


def later(**changes):
    return lambda claims: claims.update(changes)


LIES = {
    "nonce": later(nonce="another"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "audience": later(aud="somebody-else"),
    "audiences without azp": later(aud=[CLIENT, "somebody-else"]),
    "azp": later(aud=[CLIENT], azp="somebody-else"),
    "issuer": later(iss="https://evil.example"),
    "expired": later(exp=now() // 1_000_000 - 3600),
    "not yet": later(iat=now() // 1_000_000 + 3600, nbf=now() // 1_000_000 + 3600),
    "no expiry": lambda claims: claims.pop("exp"),
    "no subject": lambda claims: claims.pop("sub"),
    "subject no text": later(sub=7),
    "no group": later(groups=[]),
    "groups no texts": later(groups=[["credit-risk"], {"a": 1}]),
    "name": later(preferred_username="../Li Wei"),
    "no name": lambda claims: claims.pop("preferred_username"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_does_not_fit_lets_nobody_in(bank, staff, lie):
    staff.change = LIES[lie]
    browser = Browser(bank)
    answer = back(browser, set_out(browser))
    assert answer.status_code == 401, lie
    assert "headrace" not in browser.client.cookies
    assert bank.store.users() == ()


@pytest.mark.parametrize("sign", [unsigned, by_public_key, by_stranger])
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(bank, staff, sign):
    staff.sign = sign
    browser = Browser(bank)
    assert back(browser, set_out(browser)).status_code == 401
    assert bank.store.users() == ()


def test_the_answer_to_another_browser_fits_nowhere_else(bank):
    thief, victim = Browser(bank), Browser(bank)
    set_out(victim)
    answer = back(victim, set_out(thief))
    assert answer.status_code == 401
    assert "state" in why(bank)
    assert back(Browser(bank), set_out(thief)).status_code == 401, "a browser that never set out"


@pytest.mark.parametrize(
    "changes",
    [{"state": "x"}, {"state": ""}, {"code": ""}, {"code": "x"}, {"iss": "https://evil.example"}],
)
def test_an_answer_that_was_changed_lets_nobody_in(bank, changes):
    browser = Browser(bank)
    assert back(browser, set_out(browser), **changes).status_code == 401


def test_an_answer_lets_in_once(bank):
    browser = Browser(bank)
    way = set_out(browser)
    cookie = browser.client.cookies["headrace-way"]
    assert back(browser, way).status_code == 303
    other = Browser(bank)
    other.client.cookies.set("headrace-way", cookie)
    assert back(other, way).status_code == 401, "the provider takes a code once"
    assert back(browser, way).status_code == 401, "and our cookie is gone"


def test_a_refusal_of_the_provider_is_told_without_its_words(bank):
    browser = Browser(bank)
    way = set_out(browser)
    answer = back(browser, way, error="access_denied", error_description="<b>evil</b>")
    assert answer.status_code == 401
    assert "evil" not in answer.text
    assert "access_denied" in why(bank)


def test_a_code_is_worth_nothing_without_the_verifier(bank, staff):
    """What was stolen from the address bar: another browser's verifier does not fit it."""
    thief, victim = Browser(bank), Browser(bank)
    code = parse_qs(urlsplit(set_out(victim)).query)["code"][0]
    assert back(thief, set_out(thief), code=code).status_code == 401


def test_a_provider_takes_over_no_account_from_here(bank):
    bank.add("li.wei", "admin")
    browser = Browser(bank)
    assert back(browser, set_out(browser)).status_code == 401
    assert "not the provider's" in why(bank)
    assert bank.store.user("li.wei").roles == ("admin",)


def test_another_subject_of_the_same_name_is_another_person(bank, staff):
    browser = Browser(bank)
    back(browser, set_out(browser))
    staff.claims["sub"] = "008"
    assert back(Browser(bank), set_out(Browser(bank))).status_code == 401
    other = Browser(bank)
    assert back(other, set_out(other)).status_code == 401


def test_who_is_locked_here_stays_out(bank):
    browser = Browser(bank)
    back(browser, set_out(browser))
    bank.accounts.lock("li.wei")
    assert back(browser, set_out(browser)).status_code == 401


def test_keys_that_change_are_found_but_not_looked_for_all_the_time(bank, staff):
    browser = Browser(bank)
    back(browser, set_out(browser))
    fresh = rsa_key("k2")
    first = staff.published[0]
    staff.published[:], staff.key, staff.header = [fresh], fresh, {"alg": "RS256", "kid": "k2"}
    assert back(browser, set_out(browser)).status_code == 401, "looked a moment ago"
    bank.clock.pass_minutes(1.1)
    assert back(browser, set_out(browser)).status_code == 303
    looked = staff.asked.count("/jwks")
    staff.sign = by_stranger
    for _ in range(5):
        assert back(browser, set_out(browser)).status_code == 401
    assert staff.asked.count("/jwks") <= looked + 1
    staff.published[:] = [first]


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
def test_a_provider_that_points_elsewhere_is_not_followed(bank, staff, about):
    staff.about = about
    browser = Browser(bank)
    first = browser.get("/sign-in/oidc")
    if first.status_code == 303:
        assert back(browser, set_out(browser)).status_code == 401
    else:
        assert first.status_code == 401


@pytest.mark.parametrize("onward", ["https://evil.example", "//evil.example", "/\\evil"])
def test_nobody_is_led_to_another_site(bank, onward):
    browser = Browser(bank)
    assert back(browser, set_out(browser, onward)).headers["location"] == "/"


def test_cookies_of_the_way_are_for_us_alone(bank):
    answer = Browser(bank).get("/sign-in/oidc")
    cookie = answer.headers["set-cookie"].lower()
    for each in ("httponly", "samesite=lax", "max-age=600"):
        assert each in cookie


def test_a_provider_that_does_not_answer_is_told(bank):
    with_settings(bank, issuer="http://127.0.0.1:9")
    answer = Browser(bank).get("/sign-in/oidc")
    assert answer.status_code == 401
    assert "no answer" in why(bank)


def test_without_a_provider_there_is_no_such_way(world):
    browser = Browser(world)
    assert browser.get("/sign-in/oidc").status_code == 404
    assert browser.get("/sign-out/elsewhere").status_code == 404
    assert browser.client.post("/sign-in/oidc/leave", data={"logout_token": "x"}).status_code == 404
    assert browser.get("/sign-in/oidc/return?code=x&state=y").status_code == 404
    assert "oidc" not in browser.get("/sign-in").text


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x", True),
        ("http://127.0.0.1:1/", True),
        ("http://a.example", False),
        ("https://user@a.example", False),
        ("https://a.example:x/", False),
        ("file:///etc/passwd", False),
        ("https:///x", False),
    ],
)
def test_only_https_is_asked(url, safe):
    assert is_safe(url) == safe
    if not safe:
        with pytest.raises(NotAnsweredError, match="not https"):
            ask_json(url)


def test_settings_say_what_is_wrong_with_them(tmp_path):
    path = tmp_path / "headrace.toml"
    good = '[oidc]\nissuer = "https://a.example"\nclient_id = "x"\n'
    roles = '[oidc.roles]\n"g" = "viewer"\n'
    for text in (
        '[oidc]\nissuer = "http://a.example"\nclient_id = "x"\n',
        good,
        good + 'scope = "profile"\n' + roles,
        good + "wrong = 1\n" + roles,
        good + '[oidc.roles]\n"g" = "king"\n',
    ):
        path.write_text(text)
        with pytest.raises(InputError):
            read_oidc_settings(path)
    path.write_text("")
    assert read_oidc_settings(path) is None
    path.write_text(good + 'client_secret_file = "secret"\n' + roles)
    settings = read_oidc_settings(path)
    assert settings.roles == {"g": "viewer"}
    with pytest.raises(InputError, match="cannot be read"):
        read_secret(settings, tmp_path)
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o644)
    with pytest.raises(InputError, match="open to others"):
        read_secret(settings, tmp_path)
    secret.chmod(0o600)
    assert read_secret(settings, tmp_path) == "s3cret"
    assert read_secret(replace(settings, client_secret_file=""), tmp_path) == ""

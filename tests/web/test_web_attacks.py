"""What somebody might try, over all routes there are: each test walks them, also later ones."""

import json
import re
import socket
import threading
import time
from itertools import cycle
from urllib.parse import quote

import pytest
import uvicorn
from fastapi.routing import iter_route_contexts
from web_world import EVIL, ORIGIN, Browser

from headrace.web.app import create_app
from headrace.web.guard import PUBLIC, SAFE, SIGNED
from headrace.web.security.access import ACCESS
from headrace.web.security.tokens import form_token
from headrace.web.server import BoundedProtocol, listen

FILLED = "E1@2026-06-30"
INJECTIONS = (
    "' OR '1'='1' --",
    "'; DROP TABLE web_user; --",
    "$(touch /tmp/owned)",
    "`id`",
    "{{1217*1217}}${1217*1217}#{1217*1217}<%= 1217*1217 %>",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "%s%n%x",
    "\x00",
    "\r\nSet-Cookie: owned=1",
    "A" * 3000,
    "\u202e\U0001f47e\ufeff",
    '"><script>alert(1)</script>',
)
QUERY = (
    *("q", "search", "who", "about", "party", "cursor", "next", "decision", "kind", "from"),
    *("outcome", "limit", "sort", "at", "as_of", "status", "state", "name"),
)
POST = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\n"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
LEAKS = ("Traceback", "sqlalchemy.exc", "root:x:0", "sqlite3", "jinja2", "1481089")


def routes(app):
    return [each for each in iter_route_contexts(app.routes) if each.name != "sign_out"]


def paths(route, text=FILLED):
    return re.sub(r"\{[^}]+\}", quote(text, safe=""), route.path)


@pytest.fixture
def strong(world):
    """A browser of somebody who may everything."""
    world.add("ada", *ACCESS.roles)
    browser = Browser(world)
    browser.sign_in("ada")
    return browser


def headers_of(browser):
    token = form_token(browser.client.cookies["headrace"])
    return {"origin": ORIGIN, "x-form-token": token}


def test_no_text_in_a_path_or_query_gets_anywhere(strong, world):
    """Two texts for each route, others for the next, so that all are tried on many."""
    users, found = len(world.store.users()), routes(strong.client.app)
    for text, route in zip(cycle(INJECTIONS), [*found, *found], strict=False):
        for method in sorted(set(route.methods) & {"GET", "POST", "PUT", "DELETE"}):
            query = dict.fromkeys(QUERY, text) if method == "GET" else None
            answer = strong.client.request(
                method, paths(route, text), params=query, headers=headers_of(strong)
            )
            told = f"{method} {route.path} {text[:20]!r}"
            assert answer.status_code < 500, told
            assert not [each for each in LEAKS if each in answer.text], told
            assert "owned" not in answer.headers.get("set-cookie", ""), told
            assert "<script>alert" not in answer.text, told
    assert len(world.store.users()) == users


def schema_fields(document, schema):
    """Fields of a body, as far as they are plain."""
    if "$ref" in schema:
        return schema_fields(
            document, document["components"]["schemas"][schema["$ref"].split("/")[-1]]
        )
    return schema


def bodies(app):
    """(path, method, schema) of every operation that takes JSON."""
    document = app.openapi()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                yield (
                    path,
                    method,
                    schema_fields(document, content["application/json"].get("schema", {})),
                )


@pytest.mark.parametrize("text", INJECTIONS[:7], ids=range(7))
def test_no_text_in_a_body_gets_anywhere(strong, text):
    for path, method, schema in bodies(strong.client.app):
        body = dict.fromkeys(schema.get("properties", {}), text)
        answer = strong.client.request(
            method, paths_of(path), json=body, headers=headers_of(strong)
        )
        assert answer.status_code < 500, f"{method} {path}"
        assert not [each for each in LEAKS if each in answer.text], f"{method} {path}"


def paths_of(path):
    return re.sub(r"\{[^}]+\}", quote(FILLED, safe=""), path)


OPEN_BODIES: frozenset[str] = frozenset()
"""Paths whose bodies are anybody's: rows of a kind, events of a table."""


def test_fields_that_are_not_ours_are_refused_everywhere(strong):
    app = strong.client.app
    document = app.openapi()
    checked, open_ones = 0, []
    for path, method, schema in bodies(app):
        if schema.get("type") != "object" or "properties" not in schema:
            continue
        checked += 1
        if schema.get("additionalProperties") is not False:
            open_ones.append(f"{method} {path}")
    assert checked >= 5
    assert document["openapi"].startswith("3.1")
    assert set(open_ones) <= OPEN_BODIES, open_ones


def changing(app):
    for route in routes(app):
        for method in sorted(set(route.methods) - SAFE):
            yield route, method


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": ORIGIN},
        {"origin": ORIGIN, "x-form-token": "0" * 64},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"{ORIGIN}.evil.example"},
    ],
    ids=range(6),
)
def test_no_form_of_another_site_changes_anything(strong, world, headers):
    token = form_token(strong.client.cookies["headrace"])
    before = len(world.acts())
    for route, method in changing(strong.client.app):
        if route.name in SIGNED:
            continue
        given = dict(headers)
        if given.get("origin", ORIGIN) != ORIGIN:
            given["x-form-token"] = token  # even with a token that leaked
        answer = strong.client.request(method, paths(route), headers=given, data={"x": "y"})
        assert answer.status_code in (403, 429), f"{method} {route.path} {answer.status_code}"
    assert len(world.acts()) == before


def test_a_token_of_another_session_is_none(strong, world):
    world.add("eve", "viewer")
    eve = Browser(world)
    eve.sign_in("eve")
    headers = {"origin": ORIGIN, "x-form-token": form_token(eve.client.cookies["headrace"])}
    for route, method in changing(strong.client.app):
        if route.name not in PUBLIC:
            answer = strong.client.request(method, paths(route), headers=headers)
            assert answer.status_code == 403, route.path


def test_a_firm_with_an_evil_name_is_only_a_name(strong, world):
    """E2 is called so in the run of these tests."""
    shown = 0
    for route in routes(strong.client.app):
        if "GET" in route.methods and not route.path.startswith("/static"):
            answer = strong.client.get(paths(route, "E2@2026-06-30"))
            if "text/html" in answer.headers.get("content-type", ""):
                assert EVIL not in answer.text, route.path
                assert "<script>alert" not in answer.text, route.path
                assert "<img src=x" not in answer.text, route.path
                shown += "alert(1)" in answer.text
    assert shown >= 1, "no page shows the firm at all"


def test_pages_about_somebody_are_kept_by_no_cache(strong):
    for route in routes(strong.client.app):
        if "GET" not in route.methods or route.path.startswith("/static") or route.name in PUBLIC:
            continue
        kept = strong.client.get(paths(route)).headers["cache-control"]
        assert "no-store" in kept or kept.startswith("private"), f"{route.path}: {kept}"
        assert "public" not in kept


def test_every_answer_has_the_headers_that_keep_browsers_safe(strong):
    for route in routes(strong.client.app):
        method = sorted(route.methods)[0]
        answer = strong.client.request(method, paths(route))
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "server" not in answer.headers


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/%0d%0aLocation: https://evil.example",
        "javascript:alert(1)",
    ],
)
def test_no_way_leads_to_another_site(strong, onward):
    for route in routes(strong.client.app):
        if "GET" in route.methods:
            query = dict.fromkeys(("next", "back", "to", "url", "return"), onward)
            answer = strong.client.get(paths(route), params=query)
            target = answer.headers.get("location", "/")
            assert target.startswith(("/", ORIGIN)), route.path
            assert not target.startswith(("//", "/\\")), route.path


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1@evil", "localhost:80:80@x"]
)
def test_another_hosts_name_is_not_answered(strong, host):
    for path in ("/", "/sign-in", "/api/v1/me", "/healthz"):
        answer = strong.client.get(path, headers={"host": host})
        if host.partition(":")[0] != "localhost":
            assert answer.status_code == 421, path
        assert "evil" not in answer.text


def test_json_that_goes_deep_or_is_none_breaks_nothing(strong):
    sent = [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"1" * 5000,
        b"NaN",
        b"\xff\xfe",
        b'"' + b"x" * 500_000 + b'"',
    ]
    for path, method, _ in bodies(strong.client.app):
        if path.endswith("/batch"):
            continue  # one row a line: a row that is none is told in its place
        for content in sent:
            answer = strong.client.request(
                method,
                paths_of(path),
                content=content,
                headers={**headers_of(strong), "content-type": "application/json"},
            )
            assert 400 <= answer.status_code < 500, f"{method} {path} {content[:10]}"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/html", "application/x-www-form-urlencoded", "multipart/form-data", "x"],
)
def test_a_body_of_another_kind_is_not_taken_for_json(strong, kind):
    """A form of another site can send these without asking; JSON it cannot."""
    for path, method, schema in bodies(strong.client.app):
        if "properties" not in schema or not schema.get("required"):
            continue
        body = json.dumps(dict.fromkeys(schema["properties"], "x"))
        headers = {**headers_of(strong), "content-type": kind}
        answer = strong.client.request(method, paths_of(path), content=body, headers=headers)
        assert 400 <= answer.status_code < 500, f"{method} {path}"


def test_a_body_that_is_too_large_is_refused(strong):
    for route, method in changing(strong.client.app):
        if route.name.startswith("facts") or "facts" in route.path:
            continue  # streamed, with a limit of its own
        headers = {**headers_of(strong), "content-length": str(10**12)}
        answer = strong.client.request(method, paths(route), content=b"", headers=headers)
        assert answer.status_code in (413, 400), route.path


def test_cookies_are_for_us_alone(world):
    world.add("rita", "risk_manager")
    secure = world.with_settings(origin="https://credit.bank.example")
    browser = Browser(secure, "https://credit.bank.example")
    answer = browser.sign_in("rita")
    cookie = next(
        c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-headrace=")
    )
    for told in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert told.lower() in cookie.lower()
    assert "domain" not in cookie.lower()


def test_a_narrowed_user_finds_no_firm_elsewhere_on_any_page(demo):
    """What one branch has, another does not learn: by no page and no route of the API."""
    run = demo.services.run.current()
    regions = [run.regions[each.party] for each in run.decisions]
    here = regions[0]
    other = next(each for each in run.decisions if run.regions[each.party] != here)
    name = run.firms[other.party].name
    demo.add("anna", "account_manager", regions=(here,))
    anna = Browser(demo)
    anna.sign_in("anna")
    told = []
    for route in routes(anna.client.app):
        if "GET" in route.methods:
            for text in (other.party, other.decision_id):
                answer = anna.client.get(
                    paths(route, text), params={"party": other.party, "search": name}
                )
                plain = answer.text.replace(f"search={quote(name)}", "")
                if name in plain.replace(f'value="{name}"', ""):
                    told.append(f"{route.path} with {text}")
    assert not told


# The wire


@pytest.fixture
def port(world, monkeypatch):
    """A service on a port of this machine, with the protocol that `headrace serve` speaks."""
    monkeypatch.setattr("headrace.web.server.HEADER_SECONDS_MAX", 1)
    listening = listen(world.with_settings(port=0).services.settings)
    config = uvicorn.Config(
        create_app(world.services), http=BoundedProtocol, log_config=None, lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join()
    listening.close()


def said(port, data, seconds=5.0):
    """What comes back for bytes as they are."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        connection.sendall(data)
        found = b""
        try:
            while chunk := connection.recv(65536):
                found += chunk
        except (TimeoutError, ConnectionResetError):
            pass
        return found


@pytest.mark.parametrize(
    "data",
    [
        POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET + b"\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        GET + b"X : y\r\n\r\n",
        GET + b"X: a\nY: b\r\n\r\n",
        GET.replace(b"/ ", b"/\x00 ") + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ],
    ids=range(7),
)
def test_a_request_that_two_servers_could_read_differently_is_not_served(port, data):
    found = said(port, data, 2.0)
    assert found.count(b"HTTP/1.1 200") == 0
    assert found.count(b"HTTP/1.1") <= 1, "never two answers to what is one request"


def test_headers_that_come_slowly_lose_their_connection(port):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
        try:
            for _ in range(40):
                time.sleep(0.1)
                connection.sendall(b"X-A: b\r\n")
            pytest.fail("it may drip for ever")
        except OSError:
            pass
    assert time.monotonic() - began < 5


def test_head_answers_as_get_without_content(port, world):
    found = said(port, b"HEAD /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head, _, content = found.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert content == b""
    assert b"content-length" in head.lower()
    assert world.logged[-1]["route"] == "/sign-in"

"""Whatever comes in, nothing breaks: no response to any request is a 5xx."""

import re
from urllib.parse import quote

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_world import ORIGIN, Browser

from headrace.web.security.access import ACCESS
from headrace.web.security.tokens import form_token

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
NAMES = (
    "cursor",
    "limit",
    "outcome",
    "next",
    "name",
    "password",
    "old",
    "new",
    "again",
    "language",
)
odd = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", "\x00", "%00", "../../etc/passwd", "' or 1=1 --", "E1@2026-06-30", "-1"]),
    st.integers().map(str),
)
plain_header = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)


@pytest.fixture
def strong(world):
    """A browser of somebody who may everything."""
    world.add("ada", *ACCESS.roles)
    browser = Browser(world)
    browser.sign_in("ada")
    return browser


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_request_breaks_the_service(strong, data):
    # Signing out is left out: it would end the session of all requests after it.
    found = {
        (each.path, method)
        for each in iter_route_contexts(strong.client.app.routes)
        for method in each.methods
        if each.name != "sign_out"
    }
    path, own = data.draw(st.sampled_from(sorted(found)))
    for gap in re.findall(r"\{\w+(?::\w+)?\}", path):
        path = path.replace(gap, quote(data.draw(odd), errors="replace"))
    fields = data.draw(st.dictionaries(st.sampled_from(NAMES) | odd, odd, max_size=4))
    method = data.draw(st.sampled_from([own] * 20 + [*METHODS]))
    headers = data.draw(
        st.dictionaries(
            st.sampled_from(
                ["accept", "accept-language", "if-none-match", "authorization", "cookie"]
            ),
            plain_header,
            max_size=2,
        )
    )
    token = form_token(strong.client.cookies["headrace"])
    headers |= {"origin": ORIGIN, "x-form-token": token}
    body = {"data": fields} if method in ("POST", "PUT", "PATCH") else {"params": fields}
    if method == "POST" and data.draw(st.booleans()):
        kind = data.draw(st.sampled_from(["application/json", "multipart/form-data", "x/y"]))
        body = {"content": data.draw(st.binary(max_size=200))}
        headers["content-type"] = f"{kind}; boundary=x"
    answer = strong.client.request(method, path, headers=headers, **body)
    assert answer.status_code < 500, f"{method} {path} {headers} {body}"
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"]

"""A small OpenID Connect provider with a real key on a real port, which a test can make lie."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from headrace.adapters.wall_clock import now

CLIENT, SECRET = "headrace", "a-secret-of-the-client"
Claims = dict[str, Any]


def rsa_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid})


@dataclass
class Staff:
    """Who is at the keyboard, and how the provider lies about it."""

    claims: Claims
    key: RSAKey
    header: dict[str, str] = field(default_factory=lambda: {"alg": "RS256", "kid": "k1"})
    change: Callable[[Claims], None] = lambda claims: None
    sign: Callable[["Staff", Claims], str] | None = None
    published: list[RSAKey] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    checks: bool = True
    issuer: str = ""

    def token(self, nonce: str) -> str:
        moment = now() // 1_000_000
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": moment,
            "exp": moment + 300,
            "nonce": nonce,
            **self.claims,
        }
        self.change(claims)
        if self.sign:
            return self.sign(self, claims)
        return jwt.encode(self.header, claims, self.key, algorithms=["RS256"])

    def logout_token(self, **changes: Any) -> str:
        """What the provider sends to say that somebody signed out there."""
        moment = now() // 1_000_000
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": moment,
            "exp": moment + 120,
            "jti": secrets.token_hex(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            "sub": self.claims["sub"],
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        if self.sign:
            return self.sign(self, kept)
        return jwt.encode(self.header, kept, self.key, algorithms=["RS256"])

    def authorize(self, query: dict[str, str]) -> str:
        code = secrets.token_hex(8)
        self.codes[code] = query
        back = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        fits = (
            asked["code_challenge"] == challenge
            and asked["code_challenge_method"] == "S256"
            and asked["redirect_uri"] == form["redirect_uri"]
            and authorization == f"Basic {basic}"
        )
        if self.checks and not fits:
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": "x",
            "token_type": "Bearer",
            "id_token": self.token(asked["nonce"]),
        }


def unsigned(staff: Staff, claims: Claims) -> str:
    """alg none."""
    parts = ({"alg": "none", "kid": "k1"}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(e).encode()).rstrip(b"=").decode() for e in parts]
    return f"{texts[0]}.{texts[1]}."


def by_public_key(staff: Staff, claims: Claims) -> str:
    """HS256 with the public key's text as the secret."""
    secret = OctKey.import_key(staff.key.as_pem(private=False))
    return jwt.encode({"alg": "HS256", "kid": "k1"}, claims, secret, algorithms=["HS256"])


def by_stranger(_: Staff, claims: Claims) -> str:
    """Another key under the same name."""
    return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, rsa_key("k1"), algorithms=["RS256"])


@contextmanager
def provider() -> Iterator[Staff]:
    """A provider on a free port of this machine."""
    key = rsa_key("k1")
    claims = {"sub": "007", "preferred_username": "Li.Wei", "groups": ["credit-risk", "canteen"]}
    staff = Staff(claims, key, published=[key])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            staff.asked.append(parts.path)
            if parts.path == "/.well-known/openid-configuration":
                self._tell(200, {**found, **staff.about})
            elif parts.path == "/jwks":
                self._tell(200, {"keys": [e.as_dict(private=False) for e in staff.published]})
            elif parts.path == "/authorize":
                query = {name: each[0] for name, each in parse_qs(parts.query).items()}
                self.send_response(302)
                self.send_header("location", staff.authorize(query))
                self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: each[0] for name, each in parse_qs(body).items()}
            self._tell(*staff.exchange(form, self.headers.get("authorization", "")))

        def _tell(self, status: int, found: Claims) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    staff.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    found = {
        "issuer": staff.issuer,
        "authorization_endpoint": f"{staff.issuer}/authorize",
        "token_endpoint": f"{staff.issuer}/token",
        "jwks_uri": f"{staff.issuer}/jwks",
    }
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield staff
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""Signing in at an OpenID Connect provider: authorization code with PKCE, state and nonce.

OpenID Connect Core 1.0 §3.1, RFC 7636 (PKCE), RFC 9207 (issuer in the answer); signing out there
too (RP-Initiated Logout 1.0) and being told of it (Back-Channel Logout 1.0). What must come back
unchanged is derived from a random token in a cookie of the browser that set out, so that nothing
is stored, and no answer fits another browser.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from headrace.adapters.http_json import ask_json, is_safe
from headrace.errors import HeadraceError
from headrace.web.security.oidc_settings import OidcSettings, claim_texts

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
"""Signatures with a public key only: no `none`, and no secret that the public key could be."""

SECOND_US = 1_000_000
SKEW_SECONDS = 60
KEPT_US = 3_600 * SECOND_US
AGAIN_US = 60 * SECOND_US  # a key that is not known makes us look again, but not more often
TEXT_MAX = 255
ID_TOKEN = {"sub": {"essential": True}, "iat": {"essential": True}}
SIGNED_OUT = "http://schemas.openid.net/event/backchannel-logout"

Ask = Callable[[str, str | None, Mapping[str, str] | None], Mapping[str, Any]]


class SignInRefusedError(HeadraceError):
    """The provider's answer does not let anybody in; the reason is for the log."""


@dataclass(frozen=True)
class Identity:
    """Who somebody is, by the provider's word.

    Attributes:
        subject: Issuer and subject with a blank between: never given to another person.
        name: What they are called there.
        roles: Ours, sorted.
        regions: Of the firms they may know of; None where the provider does not say.
        session: The provider's name for its own session (`sid`); empty: it gave none.
    """

    subject: str
    name: str
    roles: tuple[str, ...]
    regions: tuple[str, ...] | None
    session: str = ""


@dataclass(frozen=True)
class Leaving:
    """Who signed out at the provider, by its word.

    Attributes:
        subject: As in `Identity`; empty: only a session is named.
        session: The provider's name for the session (`sid`); empty: all of the subject's.
        at: Sessions that began before it end, microseconds since 1970: when the provider said so,
            and as much later as its clock may be behind ours.
    """

    subject: str
    session: str
    at: int


@dataclass(frozen=True)
class _Kept:
    at: int
    value: Any


@dataclass
class Provider:
    """One provider.

    Attributes:
        settings: Where it is, and what its claims mean.
        secret: The client's; empty for a public client.
        now: Microseconds since 1970.
        ask: Gets JSON over HTTP.
    """

    settings: OidcSettings
    secret: str
    now: Callable[[], int]
    ask: Ask = ask_json
    _about: _Kept | None = None
    _keys: _Kept | None = None
    _turn: Lock = field(default_factory=Lock)

    def way_in(self, token: str, back: str) -> str:
        """Where to send a browser.

        Args:
            token: Random, in a cookie of that browser.
            back: Our own URL that it comes back to.

        Raises:
            HeadraceError: The provider does not answer.
        """
        challenge = hashlib.sha256(_derived(token, "verifier").encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": back,
            "scope": self.settings.scope,
            "state": _derived(token, "state"),
            "nonce": _derived(token, "nonce"),
            "code_challenge": _base64url(challenge),
            "code_challenge_method": "S256",
        }
        start = self._endpoint("authorization_endpoint")
        return f"{start}{'&' if '?' in start else '?'}{urlencode(query)}"

    def who(self, token: str, back: str, answer: Mapping[str, str]) -> Identity:
        """Who came back.

        Args:
            token: Of the browser's cookie; empty: it has none.
            back: As `way_in` had it.
            answer: The query it came back with.

        Raises:
            SignInRefusedError: The answer is not one to this browser's question, or not genuine.
            HeadraceError: The provider does not answer.
        """
        state = answer.get("state", "")
        if not token or not _same(state, _derived(token, "state")):
            raise SignInRefusedError("The state is not that of this browser", where="state")
        if answer.get("iss", self.settings.issuer) != self.settings.issuer:
            raise SignInRefusedError("Another issuer answered", where="iss")
        if "error" in answer or not answer.get("code"):
            told = answer.get("error", "no code")[:TEXT_MAX]
            raise SignInRefusedError(f"The provider refused: {told!a}", where="error")
        claims = self._claims(self._exchanged(answer["code"], token, back), ID_TOKEN)
        if not _same(str(claims.get("nonce", "")), _derived(token, "nonce")):
            raise SignInRefusedError("The token answers another question", where="nonce")
        return self._identity(claims)

    def way_out(self, back: str) -> str:
        """Where to send a browser that signed out here, to sign out there too.

        No ID token is kept here to show it, so that the provider may ask whether it is meant.

        Args:
            back: Our own URL that it may come back to, as the provider has registered it.

        Returns:
            The URL; empty where the provider has no such place.

        Raises:
            HeadraceError: The provider does not answer.
        """
        there = self._told("end_session_endpoint")
        if not isinstance(there, str) or not is_safe(there):
            return ""
        query = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        return f"{there}{'&' if '?' in there else '?'}{urlencode(query)}"

    def leaving(self, token: str) -> Leaving:
        """Who signed out at the provider.

        Args:
            token: The logout token that the provider sent us.

        Raises:
            SignInRefusedError: It is not genuine, not for us, not about signing out, or too old.
            HeadraceError: The provider does not answer.
        """
        claims = self._claims(token, {"iat": {"essential": True}, "jti": {"essential": True}})
        events = claims.get("events")
        if not (isinstance(events, dict) and isinstance(events.get(SIGNED_OUT), dict)):
            raise SignInRefusedError("The token is not about signing out", where="events")
        if "nonce" in claims:
            raise SignInRefusedError("This is an ID token: it has a nonce", where="nonce")
        subject, session = claims.get("sub", ""), claims.get("sid", "")
        if not (isinstance(subject, str) and isinstance(session, str)) or not (subject or session):
            raise SignInRefusedError("It says neither who nor which session", where="sub, sid")
        return Leaving(
            f"{self.settings.issuer} {subject}" if subject else "",
            session[:TEXT_MAX],
            (int(claims["iat"]) + SKEW_SECONDS) * SECOND_US,
        )

    def _exchanged(self, code: str, token: str, back: str) -> str:
        """The ID token that a code is exchanged for; the provider takes each code once."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self.settings.client_id,
            "code_verifier": _derived(token, "verifier"),
        }
        headers = {}
        if self.secret:
            pair = urlencode({"": self.settings.client_id})[1:], urlencode({"": self.secret})[1:]
            basic = base64.b64encode(":".join(pair).encode()).decode()
            headers["authorization"] = f"Basic {basic}"
        given = self.ask(self._endpoint("token_endpoint"), urlencode(form), headers)
        found = given.get("id_token")
        if not isinstance(found, str):
            raise SignInRefusedError("The provider gave no ID token", where="id_token")
        return found

    def _claims(self, text: str, needed: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a token says, if the provider signed it for us, and not long ago.

        Args:
            text: The token.
            needed: Claims that it must have beside issuer, audience and end.
        """
        try:
            claims = self._decoded(text)
            registry = jwt.JWTClaimsRegistry(
                now=self.now() // SECOND_US,
                leeway=SKEW_SECONDS,
                iss={"essential": True, "value": self.settings.issuer},
                aud={"essential": True, "value": self.settings.client_id},
                exp={"essential": True},
                **needed,
            )
            registry.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SignInRefusedError(
                f"The token does not hold: {type(error).__name__}: {error}", where="token"
            ) from error
        for_others = claims["aud"] != self.settings.client_id and len(claims["aud"]) > 1
        if claims.get("azp", self.settings.client_id if not for_others else None) != (
            self.settings.client_id
        ):
            raise SignInRefusedError("The token is for another client", where="azp")
        return claims

    def _decoded(self, text: str) -> dict[str, Any]:
        keys = self._key_set(again=False)
        try:
            return dict(jwt.decode(text, keys, algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):
            fresh = self._key_set(again=True)  # keys change: look once whether there are others
            if fresh is keys:
                raise
            return dict(jwt.decode(text, fresh, algorithms=ALGORITHMS).claims)

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        settings = self.settings
        groups = claim_texts(claims, settings.roles_claim)
        roles = tuple(sorted({settings.roles[each] for each in groups if each in settings.roles}))
        if not roles:
            raise SignInRefusedError(
                "No group of theirs means a role here", where=settings.roles_claim
            )
        subject = f"{settings.issuer} {claims['sub']}"
        if not isinstance(claims["sub"], str) or len(subject) > 2 * TEXT_MAX:
            raise SignInRefusedError("The subject cannot be one", where="sub")
        regions = claim_texts(claims, settings.regions_claim) if settings.regions_claim else None
        if regions == ():
            raise SignInRefusedError("They have no region", where=settings.regions_claim)
        name = str(claims.get(settings.name_claim, ""))
        session = claims.get("sid", "")
        known = session[:TEXT_MAX] if isinstance(session, str) else ""
        return Identity(subject, name, roles, regions, known)

    def _endpoint(self, name: str) -> str:
        """A URL of the provider, by its own word."""
        url = self._told(name)
        if not isinstance(url, str) or not is_safe(url):
            raise SignInRefusedError(f"The provider has no {name} that is safe", where=name)
        return url

    def _told(self, name: str) -> object:
        """What the provider says of itself; None where it says nothing."""
        with self._turn:
            if self._about is None or self.now() - self._about.at > KEPT_US:
                issuer = self.settings.issuer.rstrip("/")
                found = self.ask(f"{issuer}/.well-known/openid-configuration", None, None)
                if found.get("issuer") != self.settings.issuer:
                    raise SignInRefusedError("The provider calls itself otherwise", where="issuer")
                self._about = _Kept(self.now(), found)
            return self._about.value.get(name)

    def _key_set(self, *, again: bool) -> KeySet:
        """The provider's public keys.

        Args:
            again: Whether to look again, if we did not within the last minute.
        """
        url = self._endpoint("jwks_uri")
        with self._turn:
            age = KEPT_US + 1 if self._keys is None else self.now() - self._keys.at
            if self._keys is None or age > (AGAIN_US if again else KEPT_US):
                given = self.ask(url, None, None)
                try:
                    found = KeySet.import_key_set({"keys": list(given["keys"])})
                except (JoseError, LookupError, TypeError, ValueError) as error:
                    raise SignInRefusedError("The keys are no keys", where="jwks_uri") from error
                self._keys = _Kept(self.now(), found)
            kept: KeySet = self._keys.value
            return kept


def _derived(token: str, what: str) -> str:
    """What goes out with a browser: nobody can tell the token, or another one of these, from it."""
    return _base64url(hmac.digest(token.encode(), f"headrace oidc {what}".encode(), "sha256"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())

"""At the door of every route: who asks, may they, is the form ours; and the audit of it.

A route carries `needs(permission)`, or it is public by name in `PUBLIC`. A test walks all routes.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.web.problems import API, Refused, is_part, request_id
from headrace.web.requests import address_of, too_fast
from headrace.web.security.access import ACCESS
from headrace.web.security.accounts import Caller, Principal
from headrace.web.security.tokens import KEY_PREFIX, is_form_token
from headrace.web.services import Services, services_of
from headrace.web.settings import Settings

PUBLIC = frozenset(
    {
        *("healthz", "readyz", "asset", "openapi", "set_language"),
        *("sign_in_page", "sign_in", "oidc_begin", "oidc_return", "signed_out_page", "oidc_leave"),
    }
)
"""Names of routes that everybody may ask."""

SIGNED = frozenset({"oidc_leave"})
"""Public ones to which a machine sends what it signed, which is proof enough; no browser does."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_FIELD, FORM_HEADER = "form_token", "x-form-token"
FIELDS_MAX = 50
ABOUT_MAX = 300  # letters of the audit's word for whom a request is about


class Elsewhere(Exception):  # noqa: N818 - a way, not an error
    """Raised where a browser is to go to another page first."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True)
class Needs:
    """Lets in who has a permission; the route gets the principal.

    Attributes:
        permission: Its name in access.toml.
        whom: Names of the query that say whom a request is about, for the audit; what stands in
            the path always does.
    """

    permission: str
    whom: tuple[str, ...] = ("party",)

    def __post_init__(self) -> None:
        ACCESS.require_permissions([self.permission])

    async def __call__(self, request: Request) -> Principal:
        """Who asks.

        Raises:
            Refused: They may not, or ask too fast, or a form is not ours.
            Elsewhere: A browser is to sign in or choose a password first.
        """
        services = services_of(request)
        principal = await run_in_threadpool(_principal, request, services)
        if principal is None:
            raise _sign_in_first(request)
        request.state.user, request.state.principal = principal.user.name, principal
        buckets = services.key_buckets if principal.session is None else services.buckets
        wait = buckets.wait(f"user {principal.user.name}", services.now())
        if wait:
            raise too_fast(wait)
        if principal.session is not None and request.method not in SAFE:
            await check_form(request)
        await run_in_threadpool(self._admit, request, services, principal)
        return principal

    def _admit(self, request: Request, services: Services, principal: Principal) -> None:
        """Look at the permission, and write the audit before anything is shown or done."""
        path = request.scope["route"].path_format
        asked = (each for name in self.whom for each in request.query_params.getlist(name))
        whom = [*request.path_params.values(), *asked]
        about = " ".join(map(str, whom))[:ABOUT_MAX]
        who, caller = principal.user.name, caller_of(request)
        if self.permission not in principal.may:
            told = f"refused: {request.method} {path}"
            services.accounts.note(who, told, about, caller)
            raise Refused(403, f"This needs the permission {self.permission!r}")
        if principal.session and principal.user.password_due and self.permission != "account":
            if _is_page(request):
                raise Elsewhere("/password")
            raise Refused(403, "Choose a password first", remedy="Sign in to the console")
        if ACCESS.permissions[self.permission].personal or request.method not in SAFE:
            services.accounts.note(who, f"{request.method} {path}", about, caller)


@dataclass(frozen=True)
class OwnForm:
    """For public routes that change something: the form must be ours."""

    async def __call__(self, request: Request) -> FormData:
        """The form's fields.

        Raises:
            Refused: It is not ours.
        """
        await check_form(request)
        return await form_of(request)


def needs(permission: str, *whom: str) -> Any:
    """The dependency of a route that not everybody may ask; see `Needs`."""
    return Depends(Needs(permission, whom) if whom else Needs(permission))


def own_form() -> Any:
    """The dependency of a public route that changes something."""
    return Depends(OwnForm())


async def check_form(request: Request) -> None:
    """See that a request that changes something comes from a page of ours.

    Two proofs, of which another site can forge neither: the browser's own word for where the page
    is from, and a token derived from a cookie that only our pages can know.

    Raises:
        Refused: It does not.
    """
    settings = services_of(request).settings
    if request.headers.get("origin") != own_origin(request, settings):
        raise Refused(403, "This form was not sent from a page of this service")
    given = request.headers.get(FORM_HEADER) or str((await form_of(request)).get(FORM_FIELD, ""))
    token = cookie_token(request, settings)
    if not token or not is_form_token(given, token):
        raise Refused(403, "This form is out of date", remedy="Load the page again")


async def form_of(request: Request) -> FormData:
    """The fields of a form; no files."""
    return await request.form(max_files=0, max_fields=FIELDS_MAX)


def field_of(form: FormData | None, name: str) -> str:
    """A field's text; empty where it is missing, or there is no form."""
    value = "" if form is None else form.get(name, "")
    return value if isinstance(value, str) else ""


def own_origin(request: Request, settings: Settings) -> str:
    """What a browser says a page of ours is from."""
    return settings.origin or f"{request.url.scheme}://{request.headers.get('host', '')}"


def session_cookie(settings: Settings) -> str:
    """Name of the cookie with a session's token; `__Host-` lets no other host set it."""
    return "__Host-headrace" if settings.is_secure else "headrace"


def form_cookie(settings: Settings) -> str:
    """Name of the cookie that stands in for a session before there is one."""
    return f"{session_cookie(settings)}-form"


def cookie_token(request: Request, settings: Settings) -> str:
    """What forms are bound to: the session's token, or before there is one the form cookie's."""
    return request.cookies.get(session_cookie(settings), "") or request.cookies.get(
        form_cookie(settings), ""
    )


def caller_of(request: Request) -> Caller:
    """From where a request comes, for the audit."""
    return Caller(address_of(request), request_id(request))


def local_path(text: str) -> str:
    """A path on this service to go on to, or `/` where the text is anything else."""
    plain = text.startswith("/") and text.isprintable() and text.isascii()
    return text if plain and not text.startswith("//") and "\\" not in text else "/"


def _principal(request: Request, services: Services) -> Principal | None:
    """By key where one is given, else by session; a wrong key is no session."""
    given = request.headers.get("authorization")
    if given is not None:
        scheme, _, key = given.partition(" ")
        is_key = scheme.lower() == "bearer" and key.startswith(KEY_PREFIX)
        return services.keys.look(key) if is_key else None
    token = request.cookies.get(session_cookie(services.settings))
    return services.accounts.by_session(token) if token else None


def _sign_in_first(request: Request) -> Exception:
    if is_part(request):  # of a page whose session ended while it was open
        whole = urlsplit(request.headers.get("hx-current-url", "")).path
        path = f"/sign-in?next={quote(local_path(whole))}"
        return Refused(401, "Sign in", headers={"hx-redirect": path})
    if _is_page(request):
        return Elsewhere(f"/sign-in?next={quote(local_path(request.url.path))}")
    return Refused(
        401,
        "Sign in, or give an API key",
        remedy="Authorization: Bearer hr_…",
        headers={"www-authenticate": "Bearer"},
    )


def _is_page(request: Request) -> bool:
    """Whether a browser asks for a page, that may be sent to another one."""
    wants_page = "text/html" in request.headers.get("accept", "")
    return request.method == "GET" and wants_page and not request.url.path.startswith(API)

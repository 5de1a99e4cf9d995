"""The document of the API: OpenAPI 3.1 with who may ask what, for people and makers of clients."""

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.types import ASGIApp, Receive, Scope, Send

from headrace.web.api.examples import with_examples
from headrace.web.api.routes import PROBLEM
from headrace.web.guard import PUBLIC, Needs
from headrace.web.problems import MEDIA_TYPE
from headrace.web.security.access import ACCESS

Gate = Callable[[ASGIApp], ASGIApp]
"""What a request passes: it gets what comes behind it."""

METHODS = frozenset({"get", "put", "post", "delete", "patch"})
PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
SCHEMES = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "hr_…",
        "description": "An API key, made by an administrator or by `headrace user key add`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "headrace",
        "description": "A browser's session; what changes something also needs `X-Form-Token`.",
    },
}


def name_of(route: APIRoute) -> str:
    """The operation's id: the route's name."""
    return route.name


class DocumentedApp(FastAPI):
    """An app whose document says who may ask what."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, generate_unique_id_function=name_of)
        self._turn = Lock()
        self._gate: ASGIApp = super().__call__

    def put_behind(self, gate: Gate) -> None:
        """Have every request pass a gate before it reaches FastAPI and what that does for each."""
        self._gate = gate(self._gate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        scope["app"] = self
        await self._gate(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The whole document; made once, when it is first asked for, and the same for everybody."""
        with self._turn:
            if self.openapi_schema is None:
                self.openapi_schema = _described(self, super().openapi())
            return self.openapi_schema


def _described(app: FastAPI, found: dict[str, Any]) -> dict[str, Any]:
    permissions = _permissions(app)
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    parts["securitySchemes"] = SCHEMES
    for operation in _operations(found):
        name = operation["operationId"]
        permission = permissions.get(name)
        if permission is None:
            operation["security"] = []
        else:
            operation["security"] = [{each: []} for each in SCHEMES]
            operation["x-permission"] = permission
            told = ACCESS.permissions[permission].text.en
            operation["description"] = (
                f"{operation.get('description', '')}\n\nPermission `{permission}`: {told}."
            ).strip()
        operation["responses"] = _refusals(operation["responses"])
        with_examples(name, operation)
    found["paths"] = {path: _tagged(path, item) for path, item in found["paths"].items()}
    return found


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from (item[method] for method in METHODS & item.keys())


def _permissions(app: FastAPI) -> dict[str, str]:
    """The permission that each route needs, by its name."""
    found: dict[str, str] = {}
    for route in iter_route_contexts(app.routes):
        pending = [getattr(route, "dependant", None)]
        while pending:
            each = pending.pop()
            if each is None:
                continue
            if isinstance(each.call, Needs) and route.name not in PUBLIC:
                found[str(route.name)] = each.call.permission
            pending += each.dependencies
    return found


def _refusals(responses: dict[str, Any]) -> dict[str, Any]:
    """Every refusal is a problem by RFC 9457, also one that is not listed."""
    listed = {
        status: response
        for status, response in responses.items()
        if not (status == "422" and "HTTPValidationError" in str(response))
    }
    for response in listed.values():
        problem = response.get("content", {}).get(MEDIA_TYPE)
        if problem is not None:
            problem["schema"] = PROBLEM_REF
    other = {"description": "Refused", "content": {MEDIA_TYPE: {"schema": PROBLEM_REF}}}
    return {**listed, "default": other}


def _tagged(path: str, item: dict[str, Any]) -> dict[str, Any]:
    """Operations without a tag get the part of the API that they are in."""
    parts = path.split("/")
    for method in METHODS & item.keys():
        item[method].setdefault("tags", [parts[3] if path.startswith("/api/v1/") else parts[1]])
    return item

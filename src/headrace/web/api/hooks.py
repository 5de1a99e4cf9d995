"""Webhooks over HTTP: who is told of what, and what became of each message."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ConfigDict

from headrace.adapters.stores.hook import Hook
from headrace.web.api.routes import NOT_THERE, REFUSALS
from headrace.web.guard import needs
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

router = APIRouter(prefix="/api/v1", responses=REFUSALS, tags=["webhooks"])
MESSAGES = 100
NO_HOOK = "There is no such webhook"

HookId = Annotated[str, Path(max_length=64, description="Id of the webhook")]


@dataclass(frozen=True)
class HookAsked:
    """A webhook to be added."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    url: str
    events: tuple[str, ...]


@dataclass(frozen=True)
class HookView:
    """A webhook. `created` is in microseconds since 1970, UTC."""

    id: str
    url: str
    events: tuple[str, ...]
    by: str
    created: int


@dataclass(frozen=True)
class HookAdded:
    """A webhook that was added, and what its messages are signed with: shown only now."""

    hook: HookView
    secret: str


@dataclass(frozen=True)
class MessageView:
    """A message: waiting, sent or given up. Times are microseconds since 1970, UTC.

    `due` is when it is tried next, or when it was tried last; `answer` is what came back then.
    """

    id: str
    event: str
    created: int
    due: int
    tries: int
    state: str
    answer: str


@dataclass(frozen=True)
class TriedAgain:
    """How many messages are due again."""

    count: int


@router.get("/webhooks", name="webhooks")
def webhooks(request: Request, _: Annotated[Principal, needs("admin")]) -> tuple[HookView, ...]:
    """Who is told of what."""
    return tuple(map(_view, services_of(request).hooks.store.hooks()))


@router.post("/webhooks", name="add_webhook", status_code=201)
def add_webhook(
    request: Request, asked: HookAsked, principal: Annotated[Principal, needs("admin")]
) -> HookAdded:
    """Tell somebody from now on; the secret is shown now and never again."""
    hooks = services_of(request).hooks
    hook, secret = hooks.add(asked.url, asked.events, principal.user.name)
    return HookAdded(_view(hook), secret)


@router.delete("/webhooks/{hook_id}", name="remove_webhook", status_code=204, responses=NOT_THERE)
def remove_webhook(
    request: Request, hook_id: HookId, _: Annotated[Principal, needs("admin")]
) -> Response:
    """Tell somebody no more; what waits is dropped."""
    if not services_of(request).hooks.remove(hook_id):
        raise Refused(404, NO_HOOK)
    return Response(status_code=204)


@router.get("/webhooks/{hook_id}/messages", name="webhook_messages", responses=NOT_THERE)
def webhook_messages(
    request: Request,
    hook_id: HookId,
    _: Annotated[Principal, needs("admin")],
    limit: Annotated[int, Query(ge=1, le=MESSAGES)] = MESSAGES,
) -> tuple[MessageView, ...]:
    """The last messages of a webhook, newest first."""
    store = services_of(request).hooks.store
    if store.hook(hook_id) is None:
        raise Refused(404, NO_HOOK)
    return tuple(
        MessageView(
            id=each.id,
            event=each.event,
            created=each.created,
            due=each.due,
            tries=each.tries,
            state=each.state,
            answer=each.answer,
        )
        for each in store.messages(hook_id, limit)
    )


@router.post("/webhooks/{hook_id}/retry", name="retry_webhook", responses=NOT_THERE)
def retry_webhook(
    request: Request, hook_id: HookId, _: Annotated[Principal, needs("admin")]
) -> TriedAgain:
    """Send again now what waits or was given up."""
    services = services_of(request)
    if services.hooks.store.hook(hook_id) is None:
        raise Refused(404, NO_HOOK)
    return TriedAgain(services.hooks.store.try_again(hook_id, services.now()))


def _view(hook: Hook) -> HookView:
    return HookView(hook.id, hook.url, hook.events, hook.by, hook.created)

"""The page of webhooks: who is told of what, and what did not arrive."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from starlette.concurrency import run_in_threadpool

from headrace.adapters.stores.hook import EVENTS
from headrace.errors import InputError
from headrace.web.api.hooks import (
    HookAdded,
    HookAsked,
    HookId,
    HookView,
    MessageView,
    add_webhook,
    remove_webhook,
    retry_webhook,
    webhook_messages,
    webhooks,
)
from headrace.web.console.drawing import draw, words_of
from headrace.web.guard import form_of, needs
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

SEE_OTHER = 303
SHOWN = 10
TAGS = {"sent": "good", "given up": "warn", "waiting": ""}
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Told:
    """A message as the page shows it."""

    event: str
    at: str
    state: str
    tag: str
    tries: int
    answer: str


@dataclass(frozen=True)
class Shown:
    """A webhook as the page shows it."""

    hook: HookView
    messages: tuple[Told, ...]
    has_stuck: bool


@router.get("/admin/webhooks", name="webhooks_page")
def webhooks_page(request: Request, principal: Annotated[Principal, needs("admin")]) -> Response:
    """All webhooks and the last messages of each."""
    return _page(request, principal)


@router.post("/admin/webhooks", name="add_webhook_form")
async def add_webhook_form(
    request: Request, principal: Annotated[Principal, needs("admin")]
) -> Response:
    """Add one, and show its secret, once."""
    form = await form_of(request)
    events = tuple(each for each in map(str, form.getlist("events")) if each)
    asked = HookAsked(str(form.get("url", "")), events)
    try:
        added = await run_in_threadpool(add_webhook, request, asked, principal)
    except InputError as error:
        return await run_in_threadpool(_page, request, principal, asked=asked, wrong=error)
    return await run_in_threadpool(_page, request, principal, added=added)


@router.post("/admin/webhooks/{hook_id}/remove", name="remove_webhook_form")
def remove_webhook_form(
    request: Request, hook_id: HookId, principal: Annotated[Principal, needs("admin")]
) -> Response:
    """Remove one."""
    remove_webhook(request, hook_id, principal)
    return RedirectResponse("/admin/webhooks", SEE_OTHER)


@router.post("/admin/webhooks/{hook_id}/retry", name="retry_webhook_form")
def retry_webhook_form(
    request: Request, hook_id: HookId, principal: Annotated[Principal, needs("admin")]
) -> Response:
    """Send again what did not arrive."""
    retry_webhook(request, hook_id, principal)
    return RedirectResponse("/admin/webhooks", SEE_OTHER)


def _page(
    request: Request,
    principal: Principal,
    *,
    asked: HookAsked | None = None,
    wrong: InputError | None = None,
    added: HookAdded | None = None,
) -> Response:
    shown = []
    for hook in webhooks(request, principal):
        told = tuple(
            _told(request, each)
            for each in webhook_messages(request, hook.id, principal, limit=SHOWN)
        )
        shown.append(Shown(hook, told, any(each.tag == "warn" for each in told)))
    return draw(
        request,
        "webhooks.html",
        principal,
        status=422 if wrong else 200,
        hooks=shown,
        events=EVENTS,
        asked=asked,
        wrong=wrong,
        added=added,
    )


def _told(request: Request, message: MessageView) -> Told:
    words = words_of(request)
    return Told(
        event=message.event,
        at=words.moment(message.created, services_of(request).zone),
        state=words(f"hooks_{message.state.replace(' ', '_')}"),
        tag=TAGS[message.state],
        tries=message.tries,
        answer=message.answer,
    )

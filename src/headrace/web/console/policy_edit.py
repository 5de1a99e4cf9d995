"""The editor of policies: a draft kept on the server, checked as it is typed, tried, submitted."""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from headrace.adapters.stores.policy_desk import Draft
from headrace.decisions.tables.grid import LETTERS
from headrace.errors import HeadraceError, InputError
from headrace.web.api.policies import Name, Number
from headrace.web.api.policy_desk import submit_trial
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.policies import SEE_OTHER, Form
from headrace.web.console.policy_views import allowed, remark_views, vocabulary
from headrace.web.console.refusals import said
from headrace.web.guard import field_of, needs
from headrace.web.policies import (
    Subject,
    changes_in_force,
    check,
    draft_of,
    number_in_force,
    propose,
    received,
    save_draft,
    subject_of,
    texts_of,
    whole_of,
)
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal
from headrace.web.services import Services, services_of

FILE = "file:"
router = APIRouter(include_in_schema=False)


@router.get("/policies/{name}/edit", name="edit_policy_page")
def edit_policy_page(
    request: Request,
    name: Name,
    principal: Annotated[Principal, needs("policy_write")],
) -> Response:
    """The editor, with your draft."""
    services = services_of(request)
    subject = subject_of(services, name)
    draft = draft_of(services, subject, principal.user.name)
    return _page(request, principal, subject, draft)


@router.post("/policies/{name}/versions/{number}/edit", name="begin_policy_draft")
def begin_policy_draft(
    request: Request,
    name: Name,
    number: Number,
    principal: Annotated[Principal, needs("policy_write")],
) -> Response:
    """Begin a draft from a version's texts; one that you are writing already is not lost."""
    services, words = services_of(request), words_of(request)
    subject = subject_of(services, name)
    draft = draft_of(services, subject, principal.user.name)
    if draft.files:
        key = "policies_draft_first" if number else "policies_draft_first_shipped"
        return _page(request, principal, subject, draft, (words(key, n=number), ""))
    files = whole_of(services, subject, number)
    save_draft(services, subject, replace(draft, base=subject.last, files=files))
    return RedirectResponse(f"/policies/{name}/edit", SEE_OTHER)


@router.post("/policies/{name}/edit", name="edit_policy")
def edit_policy(
    request: Request,
    name: Name,
    principal: Annotated[Principal, needs("policy_write")],
    form: Form,
) -> Response:
    """Save the draft, and go on: check, try, submit, begin from the last version, or discard."""
    services = services_of(request)
    subject = subject_of(services, name)
    draft = draft_from(services, form, subject, principal.user.name)
    act, comment = field_of(form, "act"), field_of(form, "comment")
    try:
        if act == "discard":
            services.policy_desk.discard(principal.user.name, name)
            return RedirectResponse(f"/policies/{name}", SEE_OTHER)
        draft = save_draft(services, subject, draft)
        if act == "rebase":
            draft = save_draft(services, subject, replace(draft, base=subject.last))
        elif act == "try":
            return RedirectResponse(_tried(services, subject, draft, principal), SEE_OTHER)
        elif act == "submit":
            done = propose(services, subject, draft, comment)
            services.policy_desk.discard(principal.user.name, name)
            return RedirectResponse(f"/policies/{name}/versions/{done.version}", SEE_OTHER)
    except (HeadraceError, Refused) as error:
        return _page(request, principal, subject, draft, (said(error, words_of(request)), comment))
    return RedirectResponse(f"/policies/{name}/edit", SEE_OTHER)


@router.post("/policies/{name}/edit/check", name="check_policy_page")
def check_policy_page(
    request: Request,
    name: Name,
    principal: Annotated[Principal, needs("policy_write")],
    form: Form,
) -> Response:
    """Save the draft and say what is wrong: a part of the page, for its script."""
    services, words = services_of(request), words_of(request)
    subject = subject_of(services, name)
    draft = draft_from(services, form, subject, principal.user.name)
    wrong = ""
    try:
        draft = save_draft(services, subject, draft)
    except (HeadraceError, Refused) as error:
        wrong = said(error, words)
    return _drawn(request, principal, "policy_remarks.html", subject, draft, (wrong, ""))


@router.put("/policies/{name}/edit/files/{file}", name="send_policy_file")
async def send_policy_file(
    request: Request,
    name: Name,
    file: Annotated[str, Path(max_length=200)],
    principal: Annotated[Principal, needs("policy_write")],
) -> Response:
    """Put a file into the draft; where that cannot be, why, in the reader's language."""
    content = await request.body()
    return await run_in_threadpool(_sent, request, name, file, content, principal)


def _sent(request: Request, name: str, file: str, content: bytes, principal: Principal) -> Response:
    services = services_of(request)
    subject = subject_of(services, name)
    draft = draft_of(services, subject, principal.user.name)
    try:
        save_draft(services, subject, received(services, subject, draft, file, content))
    except (HeadraceError, Refused) as error:
        told = {"said": said(error, words_of(request))}
        return JSONResponse(told, HTTPStatus.UNPROCESSABLE_ENTITY)
    return Response(status_code=HTTPStatus.NO_CONTENT)


def draft_from(services: Services, form: FormData, subject: Subject, user: str) -> Draft:
    """The draft that a form of the editor holds, with the models that were sent before.

    Raises:
        InputError: Its numbers are none.
    """
    base, revision = (_number(field_of(form, name), name) for name in ("base", "revision"))
    files = {
        name.removeprefix(FILE): str(text).replace("\r\n", "\n")
        for name, text in form.multi_items()
        if name.startswith(FILE)
    }
    kept = draft_of(services, subject, user).files
    models = {name: text for name, text in kept.items() if name.endswith(".json")}
    return Draft(user, subject.name, base, {**models, **files}, revision)


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError("This is no number", where=name, remedy="Load the page again")
    return int(text)


def _tried(services: Services, subject: Subject, draft: Draft, principal: Principal) -> str:
    versions = draft.base, number_in_force(services, subject)
    trial = submit_trial(services, subject, versions, dict(draft.files), principal)
    return f"/policies/{subject.name}/trials/{trial}"


def _page(
    request: Request,
    principal: Principal,
    subject: Subject,
    draft: Draft,
    refused: tuple[str, str] = ("", ""),
) -> Response:
    return _drawn(request, principal, "policy_edit.html", subject, draft, refused)


def _drawn(
    request: Request,
    principal: Principal,
    template: str,
    subject: Subject,
    draft: Draft,
    refused: tuple[str, str],
) -> Response:
    """The editor, or the part of it that says what is wrong."""
    services, words = services_of(request), words_of(request)
    before = texts_of(services, subject, draft.base)
    checked = check(services, subject, draft.base, draft.files)
    in_force = number_in_force(services, subject)
    changes = changes_in_force(services, subject, checked.document) if checked.document else ()
    texts = {**before, **draft.files}
    tables = [each for each in texts if each.endswith(".csv") and texts[each].startswith("#")]
    return draw(
        request,
        template,
        principal,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if refused[0] else HTTPStatus.OK,
        subject=subject,
        draft=draft,
        tables={name: texts[name] for name in tables},
        others={
            name: text
            for name, text in texts.items()
            if name not in tables and not name.endswith(".json")
        },
        models=[name for name in texts if name.endswith(".json")],
        edited=set(draft.files),
        remarks=remark_views(checked.remarks, words, texts),
        usable=checked.is_usable,
        changes=[each.say(words.language) for each in changes],
        in_force=in_force,
        names=vocabulary(checked, subject.pack, words),
        allowed=json.dumps(allowed(subject.pack)),
        policies_hit=tuple(LETTERS.values()),
        moved_on=draft.base != subject.last,
        newer=subject.history.versions[-1].proposal if subject.last else None,
        wrong=refused[0],
        comment=refused[1],
    )

"""What pages of *Admin* share: who may ask, what a form sent, what is shown once, a key's line."""

from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends
from starlette.datastructures import FormData

from headrace.adapters.stores.web import ApiKey
from headrace.web.console.words import Words
from headrace.web.guard import form_of, needs
from headrace.web.security.accounts import Principal
from headrace.web.security.tokens import KEY_PREFIX

SEE_OTHER = 303
Fields = Annotated[FormData, Depends(form_of)]
Admin = Annotated[Principal, needs("admin")]


@dataclass(frozen=True)
class Secret:
    """What is shown once: of which user, what it is (the name of a text), and itself."""

    user: str
    kind: str
    text: str


def key_line(key: ApiKey, now: int, words: Words, zone: ZoneInfo) -> dict[str, Any]:
    """A key as the tables show it; `state` is open, ended or revoked."""
    state = "revoked" if key.revoked else "ended" if key.expires <= now else "open"
    return {
        "id": key.id,
        "shown": f"{KEY_PREFIX}{key.id}…",
        "user": key.user,
        "may": " ".join(key.may),
        "created": words.moment(key.created, zone),
        "expires": words.moment(key.expires, zone),
        "state": state,
    }


def texts_of(form: FormData, name: str) -> tuple[str, ...]:
    """All values of a field, such as boxes that were ticked."""
    return tuple(each for each in form.getlist(name) if isinstance(each, str))

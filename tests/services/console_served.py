"""A console that is served, and browsers that are signed in to it."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from headrace.adapters.stores.web import Entry, User, WebStore
from headrace.adapters.wall_clock import now
from headrace.web.security.accounts import Accounts

PASSWORD = "tern-lamp-quarry-oat"  # noqa: S105 - of nobody
HASHED = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
LOCALES = {"zh": "zh-CN", "en": "en-GB"}


@dataclass
class Served:
    """A service on a port.

    Attributes:
        url: Where it is.
        folder: Its workspace.
        chromium: A browser that was started.
        said: What pages complained of: errors, and whatever scripts wrote to the console.
    """

    url: str
    folder: Path
    chromium: Any
    said: list[str] = field(default_factory=list)

    def add(self, name: str, *roles: str) -> None:
        """Somebody who knows PASSWORD."""
        store = WebStore.opened(str(self.folder / "accounts.db"))
        store.add_user(
            User(name, HASHED, tuple(sorted(roles)), password_due=False, locked=False, created=1),
            Entry(1, "test", "user.added", name),
        )
        store.close()

    @contextmanager
    def signed_in(self, name: str, language: str = "zh", width: int = 1280) -> Iterator[Any]:
        """A page of somebody's browser, past the sign-in."""
        context = self.chromium.new_context(
            locale=LOCALES[language], viewport={"width": width, "height": 900}
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self._hear(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.goto(f"{self.url}/sign-in")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        with page.expect_navigation():
            page.click("main form button")
        yield page
        context.close()

    def key_for(self, name: str, *may: str) -> str:
        """An API key of somebody."""
        store = WebStore.opened(str(self.folder / "accounts.db"))
        try:
            return Accounts(store, now).add_key(name, may, 1)
        finally:
            store.close()

    def ask(self, key: str, path: str, value: Any = None) -> Any:
        """What the API answers to a program."""
        data = None if value is None else json.dumps(value).encode()
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers)  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own server
            return json.loads(answer.read())

    def picture(self, page: Any, name: str) -> None:
        """Keep what the page looks like, for the documentation, where HEADRACE_PICTURES says."""
        folder = os.environ.get("HEADRACE_PICTURES")
        if folder:
            page.wait_for_load_state("networkidle")
            page.screenshot(path=f"{folder}/console_{name}.png")

    def _hear(self, text: str) -> None:
        if not text.startswith("[DOM]"):  # Chromium's advice about forms
            self.said.append(text)


@contextmanager
def served(folder: Path, chromium: Any) -> Iterator[Served]:
    """Serve a workspace until it is done with."""
    process = subprocess.Popen(
        [sys.executable, "-m", "headrace", "serve", str(folder), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=(folder / "serve.log").open("w"),
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        yield Served(_url(process), folder, chromium)
    finally:
        process.terminate()
        process.wait(30)


def _url(process: subprocess.Popen[str]) -> str:
    """What it prints once it listens."""
    assert process.stdout is not None
    while line := process.stdout.readline():
        found = re.match(r"Headrace: (\S+)", line)
        if found:
            return found[1]
    raise AssertionError("the server ended before it listened")

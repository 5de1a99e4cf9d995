"""API keys that were looked up a moment ago, so that a program that asks a lot is not slowed down.

A key is looked up again after `REMEMBERED_SECONDS`, one that is used all the time a little before,
so that nobody waits for it: who is locked or whose key is taken back is refused within that time.
Nothing is remembered of keys that open nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from time import monotonic

from starlette.concurrency import run_in_threadpool

from headrace.web.security.accounts import Accounts, Principal
from headrace.web.security.tokens import KEY_PREFIX

REMEMBERED_SECONDS = 0.5
AGAIN_SECONDS = 0.35
SEEN_SECONDS = 60
KEYS_MAX = 1_000
BEARER = f"Bearer {KEY_PREFIX}"


@dataclass
class KeyRing:
    """Keys that opened something lately.

    Attributes:
        accounts: Where keys are looked up.
        clock: Seconds that only go forward.
    """

    accounts: Accounts
    clock: Callable[[], float] = monotonic
    _kept: dict[str, tuple[float, Principal]] = field(default_factory=dict)
    _looking: dict[str, asyncio.Task[Principal | None]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def fresh(self, key: str) -> Principal | None:
        """For whom a key acts that was looked up just now; None where nobody knows by now.

        A key that goes on being used is looked up again before anybody has to wait for it.
        """
        kept = self._kept.get(key)
        if kept is None:
            return None
        began, found = kept
        age = self.clock() - began
        if age >= REMEMBERED_SECONDS:
            return None
        if age > AGAIN_SECONDS:
            self._look_again(key)
        return found

    def _look_again(self, key: str) -> None:
        looking = self._looking.get(key)
        if looking is None or looking.get_loop() is not asyncio.get_running_loop():
            looking = asyncio.ensure_future(run_in_threadpool(self.look, key))
            self._looking[key] = looking
            looking.add_done_callback(partial(self._looked, key))

    def _looked(self, key: str, looking: asyncio.Task[Principal | None]) -> None:
        self._looking.pop(key, None)
        if not looking.cancelled():
            looking.exception()  # nobody waits for it: the key is looked up again when it is asked

    def look(self, key: str) -> Principal | None:
        """The same, asked of the store."""
        began = self.clock()
        found = self.accounts.by_key(key)
        with self._lock:
            if found is None:
                self._kept.pop(key, None)
                return None
            if len(self._kept) >= KEYS_MAX and key not in self._kept:
                self._kept.clear()
            self._kept[key] = began, found
        return found

    def seen(self, key: str) -> bool:
        """Whether a key opened something in the last minute: it lets nobody in by itself."""
        kept = self._kept.get(key)
        return kept is not None and self.clock() - kept[0] < SEEN_SECONDS


def key_in(authorization: str) -> str:
    """The key in the header Authorization; empty where there is none."""
    return authorization[len("Bearer ") :] if authorization.startswith(BEARER) else ""

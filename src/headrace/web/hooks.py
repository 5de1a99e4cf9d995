"""Tells whoever wants to be told: a thread that sends what waits in the outbox."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from threading import Event as Signal
from threading import Lock, Thread
from typing import Any

from headrace.adapters.hook_sending import HookRefusedError, Sender, checked_url, fresh_secret
from headrace.adapters.stores.hook import EVENTS, Event, Hook, HookStore
from headrace.errors import HeadraceError, InputError

LOOK_SECONDS = 1.0
FRESH_US = 5_000_000  # so long may it take until a hook added by another process is told
SECOND_US = 1_000_000
Log = Callable[[Mapping[str, Any]], None]


@dataclass
class Hooks:
    """Webhooks of one service.

    Attributes:
        store: Hooks and outbox.
        sender: How messages go out; called where one does, so that no key is made for nothing.
        now: Microseconds since 1970.
        log: Takes one line.
    """

    store: HookStore
    sender: Callable[[], Sender]
    now: Callable[[], int]
    log: Log
    _wanted: tuple[int, frozenset[str]] | None = None
    _lock: Lock = field(default_factory=Lock)
    _wake: Signal = field(default_factory=Signal)
    _stopping: Signal = field(default_factory=Signal)
    _thread: Thread | None = None

    def add(self, url: str, events: tuple[str, ...], by: str) -> tuple[Hook, str]:
        """Tell somebody from now on: the hook, and the secret that is never shown again.

        Raises:
            InputError: The URL or an event cannot be.
        """
        chosen, sender = tuple(sorted(set(events))), self.sender()
        unknown = [each for each in chosen if each not in EVENTS]
        if unknown or not chosen:
            raise InputError(
                "There is no such event" if unknown else "Choose at least one event",
                where="events",
                remedy=f"Of {', '.join(EVENTS)}",
            )
        name, secret = f"hook_{token_hex(6)}", fresh_secret()
        hook = Hook(
            id=name,
            url=checked_url(url.strip(), sender.networks),
            events=chosen,
            secret=sender.seal.close(secret, name),
            by=by,
            created=self.now(),
        )
        self.store.add(hook)
        self._wanted = None
        return hook, secret

    def remove(self, name: str) -> bool:
        """Tell somebody no more; False if there is no such hook."""
        self._wanted = None
        return self.store.remove(name)

    def tell(self, event: str, data: Mapping[str, Any]) -> None:
        """Queue an event for whoever wants to be told of it; costs nothing where nobody does.

        Call it right after what it tells of is kept. A store that is away is logged, not raised:
        what was done is done.
        """
        try:
            if event in self._events():
                self.store.tell(Event(event, data, self.now()))
                self._wake.set()
        except HeadraceError as error:
            self.log({"event": "webhook not queued", "of": event, "why": str(error)})

    def start(self) -> None:
        """Begin to send."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._work, name="webhooks", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Send no more; what waits is sent by whoever comes next."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def send_one(self) -> bool:
        """Send what is due first; False where nothing is due."""
        found = self.store.claim(self.now())
        if found is None:
            return False
        message, hook = found
        try:
            answer, is_done = self.sender().send(hook, message, self.now() // SECOND_US), True
        except (HookRefusedError, InputError) as error:
            answer, is_done = error.problem, False
        self.store.settle(message, answer, self.now(), is_done=is_done)
        line = {"hook": hook.id, "message": message.id, "try": message.tries, "answer": answer}
        self.log({"event": "webhook"} | line)
        return True

    def _events(self) -> frozenset[str]:
        """What somebody wants to be told of, looked up every few seconds."""
        known = self._wanted
        if known is None or not 0 <= self.now() - known[0] < FRESH_US:
            found = frozenset(name for hook in self.store.hooks() for name in hook.events)
            self._wanted = known = (self.now(), found)
        return known[1]

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.send_one():
                    continue
            except HeadraceError as error:
                self.log({"event": "webhooks wait", "why": str(error)})
            except Exception as error:  # noqa: BLE001 - one message must not stop all others
                self.log({"event": "webhook error", "why": repr(error)})
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

"""Heads of requests that came before, byte for byte: what was read in one then is not read again.

A program that asks for decisions sends the same head with every event, and the length of its body
takes a few values. Without parsing them a tenth more decisions are made a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

HEAD_MAX, HEADS_MAX = 2_048, 1_000
"""Bytes of a head that is kept, and how many are."""

END = b"\r\n\r\n"
UNUSUAL = frozenset([b"transfer-encoding", b"expect", b"upgrade"])
"""With one of these a head does not say all of how its body comes."""

OF_CONNECTION = frozenset(["client", "server", "scheme", "state"])


@dataclass(frozen=True)
class KnownHead:
    """What a head says.

    Attributes:
        scope: As ASGI has it, without what is of the connection.
        length: Bytes of the body.
    """

    scope: Mapping[str, Any]
    length: int


@dataclass(frozen=True)
class KnownHeads:
    """Those that came lately."""

    _known: dict[bytes, KnownHead] = field(default_factory=dict)

    def of(self, data: bytes) -> tuple[KnownHead, bytes] | None:
        """The head of a request that is there as a whole, and its body; None where it is not known.

        Args:
            data: What came after the request before.
        """
        end = data.find(END) + len(END)
        known = self._known.get(data[:end])
        return (known, data[end:]) if known and len(data) == end + known.length else None

    def learn(self, data: bytes, read: RequestResponseCycle) -> None:
        """Keep a head, if the same bytes will say the same again.

        Args:
            data: What came after the request before.
            read: What was made of it.
        """
        head, _, body = data.partition(END)
        scope: Mapping[str, Any] = dict(read.scope)
        names = [name for name, _ in scope["headers"]]
        is_plain = UNUSUAL.isdisjoint(names) and names.count(b"content-length") == 1
        is_whole = not read.more_body and body == read.body and read.keep_alive
        if not (is_plain and is_whole) or len(head) > HEAD_MAX:
            return
        if len(self._known) >= HEADS_MAX:
            self._known.clear()
        of_head = {name: value for name, value in scope.items() if name not in OF_CONNECTION}
        self._known[head + END] = KnownHead(of_head, len(body))

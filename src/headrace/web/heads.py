"""HEAD, as RFC 9110 §9.3.2 has it: whatever GET answers, without the content."""

from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True)
class HeadAsGet:
    """An app that need not know of HEAD.

    Attributes:
        app: What answers.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def without_content(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        inner = {**scope, "method": "GET"}  # a copy: the server must know that no content comes
        try:
            await self.app(inner, receive, without_content)
        finally:
            scope.update({name: inner[name] for name in ("route",) if name in inner})

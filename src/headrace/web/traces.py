"""Traces for OpenTelemetry, where the setting `otlp` names a collector; else nothing is loaded.

One span for each request, around everything. It says method, route, status and the request's id,
under which log and audit know it: nothing about who asked or what about.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headrace import __version__
from headrace.errors import InputError

if TYPE_CHECKING:  # an extra
    from opentelemetry.sdk.trace import TracerProvider

PATH = "/v1/traces"
SERVER_ERROR = 500


def provider_to(collector: str) -> "TracerProvider":
    """What sends spans to a collector, by OTLP over HTTP, in batches and in a thread of its own.

    Args:
        collector: Its address without a path, such as `http://127.0.0.1:4318`.

    Raises:
        InputError: The extra `otel` is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - extra
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise InputError(
            "Traces need what is not installed",
            where="[serve], otlp",
            remedy="Run: pip install 'headrace[otel]'; or leave otlp out",
        ) from error
    resource = Resource.create({"service.name": "headrace", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=collector.rstrip("/") + PATH)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


@dataclass(frozen=True)
class Traced:
    """An app of which each request is a span.

    Attributes:
        app: What answers.
        provider: Where spans go.
        believes: Whether a trace that the caller names is gone on with: of believed proxies.
    """

    app: ASGIApp
    provider: "TracerProvider"
    believes: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request within a span."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        from opentelemetry.propagate import extract  # noqa: PLC0415 - an extra
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415 - an extra

        status = SERVER_ERROR  # unless it is said otherwise

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        parent = extract(dict(Headers(scope=scope))) if self.believes else None
        tracer, method = self.provider.get_tracer("headrace.web"), scope["method"]
        with tracer.start_as_current_span(
            method, parent, SpanKind.SERVER, record_exception=False
        ) as span:
            await self.app(scope, receive, sending)
            route = getattr(scope.get("route"), "path", "")
            span.update_name(f"{method} {route}".rstrip())
            span.set_attribute("http.request.method", method)
            span.set_attribute("http.route", route)
            span.set_attribute("http.response.status_code", status)
            request = scope.get("state", {}).get("request_id", "")
            span.set_attribute("headrace.request", request)
            if status >= SERVER_ERROR:
                span.set_status(Status(StatusCode.ERROR))

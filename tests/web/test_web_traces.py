"""Spans of requests arrive at a collector, and say nothing about anybody."""

import gzip
import http.server
import threading
from contextlib import contextmanager

import pytest
from web_world import EVIL, Browser

from headrace.errors import InputError
from headrace.web import traces
from headrace.web.settings import Settings, checked

proto = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="headrace[otel]"
)


@contextmanager
def collector():
    """Its address, and the spans that came."""
    spans, resources = [], []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            for each in proto.ExportTraceServiceRequest.FromString(body).resource_spans:
                resources.append(_plain(each.resource.attributes))
                spans.extend(span for scope in each.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", spans, resources
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _plain(attributes):
    return {
        each.key: each.value.string_value or each.value.int_value or each.value.bool_value
        for each in attributes
    }


def test_each_request_is_a_span_with_its_id_and_nothing_about_anybody(world):
    with collector() as (address, spans, resources):
        traced = world.with_settings(otlp=address)
        traced.add("rita", "risk_manager")
        browser = Browser(traced)
        browser.sign_in("rita")
        told = browser.get("/api/v1/decisions/E2@2026-06-30?secret=word")
        missing = browser.get("/nowhere/at/all")
        traced.services.traces.shutdown()
    assert [each.name for each in spans][-2:] == [
        "GET /api/v1/decisions/{decision_id}",
        "GET",
    ]
    found = _plain(spans[-2].attributes)
    assert found == {
        "http.request.method": "GET",
        "http.route": "/api/v1/decisions/{decision_id}",
        "http.response.status_code": 200,
        "headrace.request": told.headers["x-request-id"],
    }
    assert _plain(spans[-1].attributes)["http.response.status_code"] == missing.status_code == 404
    assert resources[0]["service.name"] == "headrace"
    everything = str(spans)
    for secret in ("rita", "E2", "secret=word", EVIL, "testclient"):
        assert secret not in everything


def test_a_trace_is_gone_on_with_only_behind_a_proxy(world):
    header = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    with collector() as (address, spans, _):
        for proxies in ((), ("127.0.0.1",)):
            traced = world.with_settings(otlp=address, proxies=proxies)
            Browser(traced).get("/healthz", headers=header)
            traced.services.traces.shutdown()
    alone, behind = spans
    assert alone.trace_id.hex() != "0af7651916cd43dd8448eb211c80319c"
    assert behind.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert behind.parent_span_id.hex() == "b7ad6b7169203331"


def test_without_the_setting_nothing_is_loaded_and_a_wrong_one_is_refused(world, monkeypatch):
    assert world.services.traces is None
    with pytest.raises(InputError, match="cannot be used"):
        checked(Settings(otlp="127.0.0.1:4318"), "x")
    monkeypatch.setitem(__import__("sys").modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(InputError, match="not installed"):
        traces.provider_to("http://127.0.0.1:1")

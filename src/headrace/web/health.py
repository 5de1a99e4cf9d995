"""Is it alive, is it ready, how does it do: for supervisors, load balancers and Prometheus."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from headrace.errors import HeadraceError
from headrace.web.guard import needs
from headrace.web.security.accounts import Principal
from headrace.web.services import services_of

router = APIRouter(tags=["health"])


@router.get("/healthz", name="healthz")
def healthz() -> dict[str, str]:
    """Whether the process answers; asks nobody else, so that a restart would help."""
    return {"status": "alive"}


@router.get("/readyz", name="readyz", responses={503: {"description": "Not ready"}})
def readyz(request: Request) -> JSONResponse:
    """Whether it can do its work: is all of it loaded, does the store answer, is there a run.

    Where events come from Kafka it is told whether they do; it is ready without them, too, for
    people and programs are answered meanwhile.
    """
    services = services_of(request)
    found = {"service": "ok" if request.app.state.behind.is_done else "loading"}
    for name, ask in (("store", services.store.check), ("run", services.run.current)):
        try:
            ask()
            found[name] = "ok"
        except HeadraceError as error:
            found[name] = "failed"
            services.log({"event": "unready", "check": name, "why": str(error)})
    ready = all(each == "ok" for each in found.values())
    if services.kafka_settings is not None:
        found["kafka"] = "ok" if services.kafka and not services.kafka.told.trouble else "away"
    told = {"status": "ready" if ready else "not ready", "checks": found}
    return JSONResponse(told, 200 if ready else 503)


@router.get("/metrics", name="metrics", response_class=Response)
def metrics(request: Request, _: Annotated[Principal, needs("metrics")]) -> Response:
    """Counters in Prometheus' text format; Prometheus signs in with an API key."""
    return Response(services_of(request).metrics.text(), media_type=CONTENT_TYPE_LATEST)

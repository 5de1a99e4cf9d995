"""The plainest route of the same name: FastAPI on uvicorn, which reads JSON and decides nothing.

    python benchmarks/peers/bare_service.py

It keeps nothing, asks nobody who they are, and writes no log: what a service costs before it does
anything. Prints its address, as `headrace serve` does.
"""

import socket
from typing import Any

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.post("/api/v1/decisions")
async def decide(event: dict[str, Any]) -> dict[str, Any]:
    """An answer as long as ours."""
    return {"decision": event["id"], "action": "approve", "reason": "none", "in_force": "0" * 64}


if __name__ == "__main__":
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(1024)
    print(f"Bare: http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_config=None, access_log=False, http="httptools", loop="uvloop")
    uvicorn.Server(config).run(sockets=[listening])

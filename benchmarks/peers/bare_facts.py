"""The plainest way to take facts: read what was sent with Arrow, append it as Parquet, and sync.

    BARE_FACTS=FOLDER python benchmarks/peers/bare_facts.py

It checks no cell, tells no fact from one that was there before, asks nobody who they are. Prints
its address, as `headrace serve` does.
"""

import io
import os
import secrets
import socket
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import uvicorn
from fastapi import FastAPI, Request

app = FastAPI()
FOLDER = Path(os.environ["BARE_FACTS"])


@app.post("/api/v1/facts/{kind}")
async def send(kind: str, request: Request) -> dict[str, int]:
    """How many rows there were."""
    body = io.BytesIO(await request.body())
    if request.headers["content-type"] == "text/csv":
        table = pyarrow.csv.read_csv(body)
    else:
        with pa.ipc.open_stream(body) as stream:
            table = stream.read_all()
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{kind}-{secrets.token_hex(8)}.parquet").open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    return {"accepted": table.num_rows}


if __name__ == "__main__":
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(1024)
    print(f"Bare: http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_config=None, access_log=False, http="httptools", loop="uvloop")
    uvicorn.Server(config).run(sockets=[listening])

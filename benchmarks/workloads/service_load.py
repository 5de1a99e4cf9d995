"""Load on `POST /api/v1/decisions`, from a process of its own: closed or open loop.

    python benchmarks/workloads/service_load.py PORT KEY --seconds S --connections N [--rate R] \
        [--customers C]

Without a rate every connection asks again as soon as it is answered: how many get through. With one
requests fall due at that rate whatever becomes of those before, and the time of each is counted
from when it was due. Prints one JSON object: answered, refused, seconds, p50 and p99 in seconds.
"""

import argparse
import asyncio
import json
import secrets
import sys
import time

import numpy as np
import uvloop

CUSTOMERS_PER_TERMINAL = 2
PATH = "/api/v1/decisions"


class Connection(asyncio.Protocol):
    """One connection on which requests follow each other."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answer: asyncio.Future[int] | None = None
        self.transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self.transport = transport  # type: ignore[assignment]  # of TCP

    def data_received(self, data: bytes) -> None:
        """A part of an answer, or the whole of it."""
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self.buffer = body[length:]
            self.answer.set_result(int(head[9:12]))

    async def ask(self, request: bytes) -> int:
        """The status of the answer."""
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer


class Load:
    """Requests on their way, and how long each took."""

    def __init__(self, key: str, customers: int) -> None:
        self.key, self.sent = key, 0
        self.customers, self.terminals = customers, max(1, customers // CUSTOMERS_PER_TERMINAL)
        self.run = secrets.token_hex(4)
        self.seconds: list[float] = []
        self.refused = 0

    def request(self) -> bytes:
        """A payment as nobody made it."""
        self.sent += 1
        body = json.dumps(
            {
                "id": f"{self.run}-{self.sent}",
                "event_time": time.time_ns() // 1_000,
                "customer": f"C{secrets.randbelow(self.customers)}",
                "terminal": f"T{secrets.randbelow(self.terminals)}",
                "amount": 100 + secrets.randbelow(20_000),
            }
        ).encode()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def one(self, connection: Connection, due: float) -> None:
        """Ask, and count from when it was due."""
        status = await connection.ask(self.request())
        self.seconds.append(time.perf_counter() - due)
        self.refused += status != 200

    async def closed(self, connections: list[Connection], end: float) -> None:
        """As fast as answers come."""

        async def again(connection: Connection) -> None:
            while (now := time.perf_counter()) < end:
                await self.one(connection, now)

        await asyncio.gather(*map(again, connections))

    async def open(self, connections: list[Connection], end: float, rate: float) -> None:
        """At a rate; who finds no connection free waits for one, and the clock runs."""
        free: asyncio.Queue[Connection] = asyncio.Queue()
        for each in connections:
            free.put_nowait(each)

        async def ask(due: float) -> None:
            connection = await free.get()
            await self.one(connection, due)
            free.put_nowait(connection)

        began, tasks = time.perf_counter(), []
        while (due := began + len(tasks) / rate) < end:
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            tasks.append(asyncio.create_task(ask(due)))
        await asyncio.gather(*tasks)


async def main() -> None:
    asked = arguments()
    loop, load = asyncio.get_running_loop(), Load(asked.key, asked.customers)
    connections = [
        (await loop.create_connection(Connection, "127.0.0.1", asked.port))[1]
        for _ in range(asked.connections)
    ]
    warm = time.perf_counter()
    if asked.rate:
        await load.open(connections, warm + asked.warm, asked.rate)
    else:
        await load.closed(connections, warm + asked.warm)
    load.seconds.clear()
    load.refused = 0
    began = time.perf_counter()
    if asked.rate:
        await load.open(connections, began + asked.seconds, asked.rate)
    else:
        await load.closed(connections, began + asked.seconds)
    took = time.perf_counter() - began
    p50, p99 = np.percentile(load.seconds, (50, 99)).tolist()
    json.dump(
        {
            "answered": len(load.seconds) - load.refused,
            "refused": load.refused,
            "seconds": took,
            "p50": p50,
            "p99": p99,
        },
        sys.stdout,
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int)
    parser.add_argument("key")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm", type=float, default=2)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--customers", type=int, default=20_000)
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(main())

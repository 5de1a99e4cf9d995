"""A real Apache Kafka, one node in KRaft mode, for as long as a test module runs."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

JARS = Path(__file__).parents[2] / "build" / "kafka"
JAVA = ["java", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]  # starts in seconds
SETTINGS = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""


@dataclass
class Kafka:
    """A broker.

    Attributes:
        folder: Its settings, data and printed log.
        servers: Its address, as clients want it.
    """

    folder: Path
    servers: str
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with (self.folder / "printed.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_java(), "kafka.Kafka", str(self.folder / "server.properties")],
                stdout=log,
                stderr=log,
            )
        host, port = self.servers.split(":")
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError((self.folder / "printed.log").read_text()[-3_000:])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it and wait until it is gone."""
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


def missing() -> str:
    """What is not installed; empty if all is there."""
    if shutil.which("java") is None:
        return "no java"
    return "" if list(JARS.rglob("kafka_*.jar")) else f"no Kafka in {JARS}"


@contextmanager
def running(folder: Path) -> Iterator[Kafka]:
    """A broker with no topics, stopped at the end."""
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
    ):
        port, controller = one.getsockname()[1], two.getsockname()[1]
    settings = folder / "server.properties"
    settings.write_text(SETTINGS.format(port=port, controller=controller, folder=folder))
    subprocess.run(
        [*_java(), "kafka.tools.StorageTool", "format", "-t", "A" * 21 + "Q", "-c", str(settings)],
        check=True,
        capture_output=True,
    )
    kafka = Kafka(folder, f"127.0.0.1:{port}")
    try:
        kafka.start()
        yield kafka
    finally:
        kafka.stop()


def _java() -> list[str]:
    return [*JAVA, "-cp", ":".join(str(path) for path in sorted(JARS.rglob("*.jar")))]

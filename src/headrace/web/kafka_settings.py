"""Settings of Kafka as a source of decisions: the table [kafka] of headrace.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from headrace.adapters.workspace import read_table
from headrace.errors import InputError
from headrace.web.security.oidc_settings import read_secret_file

TABLE = "kafka"
PASSWORD = "sasl.password"  # noqa: S105 - the name of a setting


@dataclass(frozen=True)
class KafkaSettings:
    """Which topics are read, and where answers go.

    Attributes:
        servers: `host:port`, several with commas.
        decided: Topic whose events are decided as they come.
        answers: Topic that gets the decisions.
        password_file: With the password of SASL, readable by the service only; empty: none.
        events: By table, such as fraud_report, the topic whose events only move features.
        settings: More of librdkafka's, such as those for TLS and SASL; the password not.
    """

    servers: str
    decided: str
    answers: str
    password_file: str = ""
    events: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)

    def library(self, root: Path) -> dict[str, str]:
        """What librdkafka is told beside the servers.

        Raises:
            InputError: The password cannot be read.
        """
        if not self.password_file:
            return dict(self.settings)
        secret = read_secret_file(root / self.password_file, "Kafka's password")
        return {**self.settings, PASSWORD: secret}


def read_kafka_settings(path: Path) -> KafkaSettings | None:
    """The settings of a file; None where it has no table [kafka].

    Raises:
        InputError: They cannot be used: what is wrong, and what would be right.
    """
    table = dict(read_table(path, TABLE))
    if not table:
        return None
    where = f"{path}, [{TABLE}]"
    names = {each.name for each in fields(KafkaSettings)}
    for name, value in table.items():
        if name not in names or not _fits(value, is_table=name in ("events", "settings")):
            remedy = f"Texts, and tables events and settings: {', '.join(sorted(names))}"
            raise InputError(f"{name!r} cannot be set so", where=where, remedy=remedy)
    for name in ("servers", "decided", "answers"):
        if not table.get(name):
            remedy = 'servers = "kafka:9092", decided = "payments", answers = "decisions"'
            raise InputError(f"{name} is needed", where=where, remedy=remedy)
    topics = [table["decided"], table["answers"], *table.get("events", {}).values()]
    if len(set(topics)) < len(topics):
        remedy = "Give each a topic of its own"
        raise InputError("A topic is named twice", where=where, remedy=remedy)
    if PASSWORD in table.get("settings", {}):
        remedy = 'password_file = "secrets/kafka", a file that only the service may read'
        raise InputError("A password does not belong here", where=where, remedy=remedy)
    return KafkaSettings(**table)


def _fits(value: object, *, is_table: bool) -> bool:
    if not is_table:
        return isinstance(value, str)
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())

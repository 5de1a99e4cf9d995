"""PostgreSQL as a source, on a server of our own: a throw-away one unless a DSN is given."""

import subprocess
import sys
from pathlib import Path

import pytest

from headrace.adapters.postgres import read_postgres
from headrace.adapters.sources import read_sources
from headrace.errors import InputError
from headrace.facts.ingest import ingest
from headrace.facts.mapping import SourceMapping, parse_mapping

pytestmark = pytest.mark.services

MAPPING = """
name = "core banking"
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = "contract 12"
[[table]]
name = "sales"
database = "${DSN}"
query = "%s"
fact = "invoice"
constants = { direction = "sale" }
number_width = 8
columns = { party = "firm", number = "no", event_time = "issued", counterparty = "buyer", \
amount = "net", tax = "vat", total = "gross", status = "status" }
"""
QUERY = """
select * from (values
    ('E1', 1, date '2019-01-31', 'B1', 1000.00::numeric(18,2), 130::numeric, 1130::float8, 'valid'),
    ('E1', 2, date '2019-02-01', 'B1', 200, 26.00, 226, 'voided'),
    ('E2', 3, date '2019-03-01', 'B2', 0.005, 0, 0.005, 'valid'),
    ('E2', 4, date '2019-03-02', null, 1, 0, 1, 'valid')
) t (firm, no, issued, buyer, net, vat, gross, status) order by no
"""


def mapping(query: str = QUERY) -> SourceMapping:
    return parse_mapping(MAPPING % query.replace("\n", " "), "mapping.toml")


def test_a_query_gives_facts_and_quarantine(dsn: str, tmp_path: Path) -> None:
    of = mapping()
    found = ingest(read_sources(tmp_path, of, {"DSN": dsn}), of)
    facts = found.facts["invoice"].to_pylist()
    assert [fact["id"] for fact in facts] == ["sales#1", "sales#2"]
    assert [fact["number"] for fact in facts] == ["00000001", "00000002"]
    assert [fact["total_minor"] for fact in facts] == [113_000, 22_600]
    assert found.corrections["corrects"].to_pylist() == ["sales#2"]
    told = found.quarantine.select(["row", "column", "rule"]).to_pylist()
    assert {(line["row"], line["column"], line["rule"]) for line in told} == {
        (3, "net", "more_than_two_decimals"),
        (3, "gross", "more_than_two_decimals"),
        (4, "buyer", "missing_required"),
    }


def test_two_readings_have_one_digest(dsn: str, tmp_path: Path) -> None:
    digests = {
        table.digest for _ in range(2) for table in read_sources(tmp_path, mapping(), {"DSN": dsn})
    }
    assert len(digests) == 1


@pytest.mark.parametrize(
    "query",
    [
        "select * from nowhere",
        "selec",
        "create table t (x int)",
        "commit; create table t (x int)",
    ],
)
def test_a_refused_query_is_an_error_that_shows_no_password(query: str, dsn: str) -> None:
    with pytest.raises(InputError, match="PostgreSQL refuses") as error:
        read_postgres(dsn, query, "query `sales`")
    assert "secret-word" not in str(error.value)
    with pytest.raises(InputError, match="does not exist"):
        read_postgres(dsn, "select * from t", "query `sales`")


def test_a_server_that_is_not_there_is_an_error_that_shows_no_password(tmp_path: Path) -> None:
    address = f"postgresql://me:secret-word@/db?host={tmp_path}"
    with pytest.raises(InputError, match="PostgreSQL refuses") as error:
        read_postgres(address, "select 1", "query `sales`")
    assert "secret-word" not in str(error.value)


def test_without_the_driver_the_error_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['adbc_driver_postgresql'] = None\n"
        "from headrace.adapters.postgres import read_postgres\n"
        "read_postgres('postgresql://x', 'select 1', 'q')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "pip install 'headrace[postgres]'" in done.stderr

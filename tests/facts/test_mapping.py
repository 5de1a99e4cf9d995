"""Mappings: what they may say, and how an error names the table, the key and the near miss."""

import re
from datetime import date
from pathlib import Path

import pytest

from headrace.errors import MappingError
from headrace.facts.kinds import CREDIT_RECORD, INVOICE
from headrace.facts.mapping import SourceMapping, parse_mapping

SHIPPED = Path(__file__).parents[2] / "src/headrace/packs/sme_invoices/mappings"
TOP = """\
name = "a bank"
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = "contract 12"
"""
TABLE = """\
[[table]]
file = "buy"
fact = "invoice"
constants = { direction = "purchase" }
columns = { party = "P", number = ["No", "号码"], event_time = "D", \
counterparty = "C", amount = "A", tax = "T", total = "S", status = "St" }
values.status = { "有效" = "valid" }
"""


def parse(text: str) -> SourceMapping:
    return parse_mapping(text, "mapping.toml")


def test_a_mapping_is_parsed_to_frozen_values() -> None:
    mapping = parse(TOP + TABLE)
    assert (mapping.name, mapping.simulated, mapping.currency) == ("a bank", False, "CNY")
    [table] = mapping.tables
    assert (table.name, table.file, table.fact, table.unit) == ("buy", "buy", INVOICE, "major")
    assert table.columns["number"] == ("No", "号码")
    assert table.columns["party"] == ("P",)
    assert table.constants == {"direction": "purchase"}
    assert table.values["status"] == {"有效": "valid"}
    assert (table.optional, table.number_width, table.extracted_on) == (False, 0, None)
    with pytest.raises(TypeError):
        table.columns["party"] = ("Q",)  # type: ignore[index]  # frozen is what is tested


def test_the_day_of_extraction_holds_for_all_tables_unless_one_says_otherwise() -> None:
    top = TOP + "extracted_on = 2020-02-21\n"
    other = TABLE.replace('"buy"', '"late"') + "extracted_on = 2020-03-31\n"
    first, second = parse(top + TABLE + other).tables
    assert (first.extracted_on, second.extracted_on) == (date(2020, 2, 21), date(2020, 3, 31))


def test_one_file_may_feed_two_kinds() -> None:
    mapping = parse_mapping((SHIPPED / "cumcm2020c.toml").read_text("utf-8"), "cumcm2020c.toml")
    fed = [table.fact.kind for table in mapping.tables if table.file == "a1_enterprises"]
    assert fed == ["party", "credit_record"]
    assert not mapping.simulated
    assert CREDIT_RECORD.field("rating").known_after_outcome


def test_a_query_needs_no_file() -> None:
    source = 'name = "q"\nquery = "select 1"\ndatabase = "books.duckdb"'
    [table] = parse(TOP + TABLE.replace('file = "buy"', source)).tables
    assert (table.name, table.query, table.database) == ("q", "select 1", "books.duckdb")


def edited(old: str, new: str) -> str:
    text = TOP + TABLE
    assert old in text
    return text.replace(old, new)


REFUSED = {
    "not TOML": ("name = ", "not valid TOML"),
    "unknown top key": (TOP + 'currancy = "CNY"\n' + TABLE, "Did you mean `currency`"),
    "missing consent": (edited('consent = "contract 12"', ""), "`consent` is missing"),
    "empty consent": (edited('"contract 12"', '""'), "`consent` is missing"),
    "no table": (TOP, "`table` is missing"),
    "table is no table": ("table = [1]\n" + TOP, r"\[\[table\]\]"),
    "currency": (edited('"CNY"', '"CNH"'), "key `currency`.*Did you mean `CNY`"),
    "zone": (edited("Asia/Shanghai", "Asia/Shanghi"), "`Asia/Shanghi` is not a time zone"),
    "zone outside": (edited("Asia/Shanghai", "../../etc/passwd"), "is not a time zone"),
    "simulated as text": (TOP + 'simulated = "no"\n' + TABLE, "which is not true or false"),
    "extraction as text": (TOP + 'extracted_on = "2020"\n' + TABLE, "which is not a date"),
    "extraction with time": (TOP + "extracted_on = 2020-01-01T00:00:00\n" + TABLE, "not a date"),
    "fact": (edited('"invoice"', '"invoces"'), "table 1, key `fact`.*Did you mean `invoice`"),
    "no fact": (edited('fact = "invoice"', ""), "`fact` is missing.*table 1"),
    "table key": (edited("columns =", "colums ="), "table 1.*Did you mean `columns`"),
    "column key": (edited("counterparty =", "counterprty ="), "Did you mean `counterparty`"),
    "column type": (edited('party = "P"', "party = 3"), "`party` is mapped to 3"),
    "column empty": (edited('party = "P"', "party = []"), "`party` is mapped to"),
    "column blank": (edited('party = "P"', 'party = " "'), "`party` is mapped to"),
    "columns as text": (edited("{ party", '{ status2 = "", party'), "`status2` is not known"),
    "constant": (edited('"purchase"', '"purchases"'), "Did you mean `purchase`"),
    "constant key": (edited("{ direction", "{ directon"), "Did you mean `direction`"),
    "both": (edited('"purchase" }', '"purchase", status = "valid" }'), "both a column and a const"),
    "choice": (edited('= "valid"', '= "vaild"'), "values.status.*Did you mean `valid`"),
    "values of no choice": (edited("values.status", "values.number"), "`number` is not known"),
    "values as text": (edited('{ "有效" = "valid" }', '"valid"'), "not a table of text and choice"),
    "no status": (edited(', status = "St"', ""), "no column or constant gives `status`"),
    "no date": (edited('event_time = "D", ', ""), "gives `event_time`"),
    "one amount": (edited('tax = "T", total = "S", ', ""), "gives `tax`, `total`"),
    "unit": (TOP + TABLE + 'unit = "yuan"\n', "Allowed: major, minor"),
    "date order": (TOP + TABLE + 'date_order = "ymd"\n', "Allowed: dmy, mdy"),
    "width as text": (TOP + TABLE + 'number_width = "8"\n', "not a whole number"),
    "width as flag": (TOP + TABLE + "number_width = true\n", "not a whole number"),
    "width below zero": (TOP + TABLE + "number_width = -1\n", "not a whole number"),
    "file and query": (TOP + TABLE + 'query = "select 1"\n', "either a `file` or a `query`"),
    "neither": (edited('file = "buy"', ""), "either a `file` or a `query`"),
    "query alone": (edited('file = "buy"', 'query = "select 1"'), "needs a `database`"),
    "file above": (edited('"buy"', '"../buy"'), "outside the data folder"),
    "file at root": (edited('"buy"', '"/etc/passwd"'), "outside the data folder"),
    "same name": (TOP + TABLE + TABLE, "table 2.*two tables|two tables.*table 2"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(MappingError) as error:
        parse(text)
    assert re.search(message, str(error.value), re.DOTALL), str(error.value)
    assert "mapping.toml" in error.value.where
    assert error.value.remedy


@pytest.mark.parametrize("left", ["amount", "tax", "total"])
def test_one_of_the_three_amounts_may_be_left_to_follow_from_the_others(left: str) -> None:
    header = {"amount": "A", "tax": "T", "total": "S"}[left]
    [table] = parse(edited(f'{left} = "{header}", ', "")).tables
    assert left not in table.columns

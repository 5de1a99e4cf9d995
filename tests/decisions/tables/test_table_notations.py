"""A table means the same in every notation, and after any chain of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.adapters.policy_sheets import read_workbook, write_workbook
from headrace.decisions.dmn import read_definitions, write_definitions
from headrace.decisions.tables.grid import read_grid
from headrace.decisions.tables.models import model_of, tables_of
from headrace.decisions.tables.sheet import read_csv, write_csv
from headrace.decisions.tables.yaml_text import read_yaml, write_yaml
from strategies_tables import NAMES, tables


def through_csv(table):
    return read_csv(write_csv(table, NAMES), "t.csv", NAMES)


def through_yaml(table):
    return read_yaml(write_yaml(table, NAMES), "t.yaml", NAMES)


def through_xlsx(table):
    (rows,) = read_workbook(write_workbook({"t": table}, NAMES), "t.xlsx").values()
    return read_grid(rows, "t.xlsx", NAMES)


def through_dmn(table):
    (found,) = tables_of(read_definitions(write_definitions(model_of([table], "m"))), NAMES)
    return found


def through_newer_dmn(table):
    written = write_definitions(model_of([table], "m"), "1.5")
    (found,) = tables_of(read_definitions(written), NAMES)
    return found


WAYS = [through_csv, through_yaml, through_xlsx, through_dmn, through_newer_dmn]


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=60, deadline=None)
@given(table=tables())
def test_a_table_reads_back_from_every_notation(way, table):
    again = way(table)
    assert again == table
    assert again.digest() == table.digest()


@settings(max_examples=40, deadline=None)
@given(table=tables(), ways=st.lists(st.sampled_from(WAYS), min_size=2, max_size=4))
def test_a_table_survives_any_chain_of_conversions(table, ways):
    again = table
    for way in ways:
        again = way(again)
    assert again.digest() == table.digest()

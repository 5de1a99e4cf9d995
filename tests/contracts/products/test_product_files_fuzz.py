"""Whatever a line of a file says, reading it gives a product or an error that names the place."""

import contextlib
from importlib.resources import files

import pytest
from term_changes import DAY

from headrace.contracts.classification.tables import read_tables
from headrace.contracts.products.catalogue import shipped_products, shipped_rules
from headrace.contracts.products.compiler import check_terms, compile_product
from headrace.contracts.products.definition import read_product
from headrace.contracts.products.rules import read_rules
from headrace.errors import InputError, MappingError

VALUES = (
    "1", "-1", "1.5", "nan", "inf", '"x"', '""', "[]", "[1]", '["x"]', "{}", "{ above = 1 }",
    "{ min = 2, max = 1 }", "{ max = nan }", "true", "2026-01-01", "2026-01-01T00:00:00",
    "99999999999999999999999",
)  # fmt: skip


def package(name: str) -> str:
    folder, _, file = name.partition("/")
    return files(f"headrace.contracts.{folder}").joinpath(file).read_text(encoding="utf-8")


def spoiled(text: str, every: int):
    """The text with one line's value replaced, or the line left out."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if "=" not in line or at % every:
            continue
        name = line.partition("=")[0]
        for value in VALUES:
            yield "\n".join([*lines[:at], f"{name}= {value}", *lines[at + 1 :]])
        yield "\n".join([*lines[:at], *lines[at + 1 :]])


def read_or_none(reader, text: str):
    """What was read; None where it was refused with the name of the file. Nothing else may be."""
    try:
        return reader(text, "own.toml")
    except MappingError as error:
        return None if "own.toml" in str(error) else error


@pytest.mark.parametrize("code", ["patent_pledge", "factoring_recourse"])
def test_a_spoiled_product_is_read_or_refused_with_its_place(code):
    facts = shipped_products()[code].example["facts"]
    found = [
        read_or_none(read_product, text)
        for text in spoiled(package(f"products/catalogue/{code}.toml"), 1)
    ]
    read = [each for each in found if each is not None]
    assert 0 < len(read) < len(found)
    for definition in read:
        product = compile_product(definition, shipped_rules(), DAY).product
        if product is not None:
            with contextlib.suppress(InputError):
                check_terms(product, definition.example["terms"], facts)


@pytest.mark.parametrize(
    ("name", "reader", "every"),
    [
        ("products/rules_cn.toml", read_rules, 97),
        ("classification/tables_cn.toml", read_tables, 23),
    ],
)
def test_a_spoiled_rule_is_read_or_refused_with_its_place(name, reader, every):
    found = [read_or_none(reader, text) for text in spoiled(package(name), every)]
    assert None in found
    assert not any(isinstance(each, MappingError) for each in found)


def test_fees_are_a_list_of_tables():
    text = "fees = 1\n" + package("products/catalogue/order_loan.toml")
    with pytest.raises(MappingError, match="fees"):
        read_product(text, "own.toml")

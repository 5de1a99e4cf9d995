"""What tests share: shipped products compiled on a day, and changes of terms as the tables say."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from headrace.contracts.products.catalogue import shipped_products, shipped_rules
from headrace.contracts.products.compiler import check_terms, compile_product
from headrace.contracts.products.fields import FIELDS, Unit

DAY = date(2026, 3, 2)
TABLE = Path(__file__).parents[2] / "data" / "contracts" / "illegal_terms.csv"


@dataclass(frozen=True)
class Illegal:
    product: str
    signed: str
    change: str
    rule: str
    severity: str


def illegal_terms() -> list[Illegal]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [Illegal(**row) for row in csv.DictReader(file)]


def compiled(code: str):
    product = compile_product(shipped_products()[code], shipped_rules(), DAY).product
    assert product is not None
    return product


def value_of(name: str, text: str):
    unit = FIELDS[name].unit
    if unit is Unit.DAY:
        return date.fromisoformat(text)
    if unit in {Unit.MONEY, Unit.MONTHS, Unit.DAYS}:
        return int(text)
    if FIELDS[name].is_number:
        return Decimal(text)
    return text.split("+") if unit is Unit.WORDS else text


def changed(code: str, change: str, signed: str = ""):
    """Findings of the product's own example after a change, written `field=value;field=value`."""
    example = shipped_products()[code].example
    terms, facts = dict(example["terms"]), dict(example["facts"])
    parts = [part for part in (change, f"signed={signed}" if signed else "") if part]
    for part in ";".join(parts).split(";") if parts else []:
        name, _, text = part.partition("=")
        (facts if name in facts else terms)[name] = value_of(name, text)
    return check_terms(compiled(code), terms, facts)

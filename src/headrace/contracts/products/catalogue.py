"""The products and rules that ship: one TOML file a product, one file of rules."""

from functools import cache
from importlib.resources import files

from headrace.contracts.products.definition import Definition, read_product
from headrace.contracts.products.rules import RuleBook, read_rules

_PACKAGE = "headrace.contracts.products"


@cache
def shipped_rules() -> RuleBook:
    """The rules of law in China, of every date; none is verified."""
    text = files(_PACKAGE).joinpath("rules_cn.toml").read_text(encoding="utf-8")
    return read_rules(text, "rules_cn.toml")


@cache
def shipped_products() -> dict[str, Definition]:
    """Every product that ships, by its code, in the order of the codes."""
    folder = files(_PACKAGE).joinpath("catalogue")
    found = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".toml")),
        key=lambda each: each.name,
    )
    products = [read_product(each.read_text(encoding="utf-8"), each.name) for each in found]
    return {product.code: product for product in products}

"""Whether contracts may be signed: by their product, and by the rules of the day (合规检查).

What a rule asks for and nobody stated is reported as not known, once for all contracts: it is a
question to the bank, and no contract is refused for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from headrace.contracts.conventions.calendars import date_of
from headrace.contracts.conventions.china import LPR, Tenor
from headrace.contracts.products.catalogue import shipped_products, shipped_rules
from headrace.contracts.products.compiler import Product, check_terms, compile_product
from headrace.contracts.products.findings import Finding, Language, finding_words
from headrace.contracts.products.rules import Severity
from headrace.errors import InputError
from headrace.workflows.contracts import Contract, Offered
from headrace.workflows.standard_terms import StandardTerms

FINDINGS = pa.schema(
    [
        ("severity", pa.string()),
        ("rule", pa.string()),
        ("field", pa.string()),
        ("contracts", pa.int64()),
        ("first", pa.string()),
        ("en", pa.string()),
        ("zh", pa.string()),
    ]
)
"""One row a rule that spoke: how many contracts it is about, the first of them, and its words."""


@dataclass
class _Seen:
    finding: Finding
    contracts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Checked:
    """What became of contracts.

    Attributes:
        refused: Ids of those that must not be signed.
        findings: In `FINDINGS`, refusals first.
    """

    refused: frozenset[str]
    findings: pa.Table

    def count(self, severity: Severity) -> int:
        """Findings of a severity."""
        found: int = self.findings["severity"].to_pylist().count(severity.value)
        return found


def check_contracts(
    offered: Offered,
    standard: StandardTerms,
    purpose: str = "working_capital",
    known: Mapping[str, int] = MappingProxyType({}),
) -> Checked:
    """Judge every contract by its product and by the law of the day on which it is paid out.

    Args:
        offered: The contracts.
        standard: What all of them say.
        purpose: What all of them are for, as the product compiler names it.
        known: What is known of the borrower beside, by field, such as `exposure_group`.

    Raises:
        InputError: There is no such product, or the rules of the day refuse it as a whole.
    """
    contracts, promised = offered.contracts, offered.schedules
    if promised is None:
        return Checked(frozenset(), FINDINGS.empty_table())
    product = product_of(standard, contracts[0])
    rows, kept = promised.rows, promised.kept
    last = {int(loan): int(rows.end[k]) for loan, k in zip(rows.loan[kept], kept, strict=True)}
    seen: dict[tuple[str, str], _Seen] = {}
    refused = set()
    for place, each in enumerate(contracts):
        stated = _stated(each, standard, product)
        stated |= {"end": date_of(last[place]), "purpose": [purpose]}
        for finding in check_terms(product, stated, _known(each) | dict(known)):
            key = (finding.severity.value, finding.rule)
            seen.setdefault(key, _Seen(finding)).contracts.append(each.contract)
            if finding.severity is Severity.REFUSE:
                refused.add(each.contract)
    order = [Severity.REFUSE, Severity.WARN, Severity.UNKNOWN]
    found = sorted(seen.values(), key=lambda each: order.index(each.finding.severity))
    return Checked(
        frozenset(refused), pa.Table.from_pylist([_row(each) for each in found], FINDINGS)
    )


def product_of(standard: StandardTerms, contract: Contract) -> Product:
    """The product of a pack's contracts, compiled by the rules of the day they are paid out.

    Raises:
        InputError: There is no such product, or the rules refuse it as a whole.
    """
    products, day = shipped_products(), contract.terms.start
    if standard.product not in products:
        raise InputError(
            f"there is no product {standard.product!r}",
            where="contract.toml, product",
            remedy=f"One of {', '.join(sorted(products))}",
        )
    compiled = compile_product(products[standard.product], shipped_rules(), day)
    if compiled.product is None:
        raise InputError(
            f"the product {standard.product!r} is refused by the rules of {day}: "
            f"{finding_words(compiled.findings[0], Language.EN)}",
            where="contract.toml, product",
        )
    return compiled.product


def _stated(contract: Contract, standard: StandardTerms, product: Product) -> dict[str, Any]:
    """What the parties agree, as the compiler names it; what the product always has is agreed."""
    terms = contract.terms
    always = {name: sorted(words) for name, words in product.definition.always.items()}
    return {
        **always,
        "signed": terms.start,
        "start": terms.start,
        "borrower": "company",
        "amount": terms.principal,
        "single_payment": terms.principal,
        "rate": terms.rate,
        "all_in_rate": terms.rate,  # there are no fees
        "method": terms.method.value,
        "payment": standard.payment,
        "compound_on": ["interest"] if terms.penalty.compound else [],
        "penalty_uplift": terms.penalty.overdue_markup,
        "misuse_uplift": terms.penalty.misuse_markup,
    }


def _known(contract: Contract) -> dict[str, Any]:
    try:
        return {"lpr_1y": LPR.rate(Tenor.ONE_YEAR, contract.terms.start)}
    except InputError:
        return {}


def _row(seen: _Seen) -> dict[str, Any]:
    finding = seen.finding
    return {
        "severity": finding.severity.value,
        "rule": finding.rule,
        "field": finding.field,
        "contracts": len(seen.contracts),
        "first": seen.contracts[0],
        "en": finding_words(finding, Language.EN),
        "zh": finding_words(finding, Language.ZH),
    }

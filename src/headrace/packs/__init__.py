"""Packs that ship with Headrace, by name."""

from collections.abc import Callable

from headrace.errors import InputError
from headrace.pack import Pack
from headrace.packs import payments, sme_invoices

PACKS: dict[str, Callable[[], Pack]] = {
    "sme_invoices": sme_invoices.load,
    "payments": payments.load,
}


def load(name: str) -> Pack:
    """The pack of that name.

    Raises:
        InputError: If there is none; says which there are.
    """
    if name not in PACKS:
        raise InputError(f"there is no pack {name!r}", remedy=f"packs: {', '.join(PACKS)}")
    return PACKS[name]()

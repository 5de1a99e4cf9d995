"""Loans to small firms on the evidence of their VAT invoices (小微企业发票贷)."""

from importlib import resources

from headrace.pack import Lending, Pack, Text
from headrace.packs.sme_invoices.card import CARD, SCALE
from headrace.packs.sme_invoices.features import FEATURE_SET, FEATURES
from headrace.packs.sme_invoices.texts import CAUTIONS, REASONS

FILES = (
    "policy.yaml",
    "access.csv",
    "limit.csv",
    "economics.toml",
    "contract.toml",
    "scenarios.csv",
    "industries.csv",
)


def load() -> Pack:
    """The pack, with its editable files as they ship."""
    here = resources.files(__name__)
    mappings = here / "mappings"
    return Pack(
        name="sme_invoices",
        title=Text("Small-firm loans on invoices", "小微企业发票信贷"),
        features=FEATURES,
        feature_set=FEATURE_SET,
        mappings={
            entry.name: entry.read_text(encoding="utf-8")
            for entry in sorted(mappings.iterdir(), key=lambda entry: entry.name)
            if entry.name.endswith(".toml")
        },
        cautions=CAUTIONS,
        lending=Lending(
            card=CARD,
            scale=SCALE,
            files={name: (here / name).read_text(encoding="utf-8-sig") for name in FILES},
            reasons=REASONS,
        ),
    )

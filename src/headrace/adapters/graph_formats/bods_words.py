"""The words of the Beneficial Ownership Data Standard and ours, both ways.

BODS 0.4: https://standard.openownership.org/en/0.4.0/ (code lists interestType, entityType,
personType, recordStatus).
"""

from collections.abc import Mapping

VERSION = "0.4"
USCC = "Unified social credit code (China)"
REGISTRATION = "Registration number"

ENTITY_TYPE: Mapping[str | None, str] = {
    "company": "registeredEntity",
    "branch": "registeredEntity",
    "partnership": "legalEntity",
    "fund": "legalEntity",
    "other": "legalEntity",
    "state": "state",
    None: "unknownEntity",
}
"""Our type to theirs; where two of ours share one of theirs, `details` says which."""

PARTY_TYPE: Mapping[str, str | None] = {
    "registeredEntity": "company",
    "legalEntity": "other",
    "arrangement": "other",
    "state": "state",
    "stateBody": "state",
    "anonymousEntity": None,
    "unknownEntity": None,
}

INTEREST = {
    "owns": "shareholding",
    "votes": "votingRights",
    "general_partner": "otherInfluenceOrControl",
    "limited_partner": "rightsToProfitOrIncome",
    "controls": "otherInfluenceOrControl",
    "office": "seniorManagingOfficial",
    "nominee": "nominee",
}
"""The relations that BODS can say, and the interest that says each; `details` names ours."""

BY_ROLE = {
    ("controls", "board"): "appointmentOfBoard",
    ("controls", "contract"): "rightsGrantedByContract",
    ("office", "director"): "boardMember",
    ("office", "董事"): "boardMember",
    ("office", "chairman"): "boardChair",
    ("office", "董事长"): "boardChair",
}
"""Roles for which there is an interest of their own."""

RELATION = {
    "shareholding": ("owns", None),
    "votingrights": ("votes", None),
    "appointmentofboard": ("controls", "board"),
    "otherinfluenceorcontrol": ("controls", "influence"),
    "influenceorcontrol": ("controls", "influence"),
    "controlviacompanyrulesorarticles": ("controls", "articles"),
    "controlbylegalframework": ("controls", "legal framework"),
    "rightsgrantedbycontract": ("controls", "contract"),
    "trustee": ("controls", "trustee"),
    "settlor": ("controls", "settlor"),
    "settlorsettlor": ("controls", "settlor"),
    "settloroftrust": ("controls", "settlor"),
    "trusteeoftrust": ("controls", "trustee"),
    "protector": ("controls", "protector"),
    "protectoroftrust": ("controls", "protector"),
    "seniormanagingofficial": ("office", "senior managing official"),
    "boardmember": ("office", "director"),
    "boardchair": ("office", "chairman"),
}
"""Interest, in small letters without hyphens, to relation and role; others are skipped."""


def folded(word: str) -> str:
    """An interest's name as `RELATION` has it: the older form writes `voting-rights`."""
    return word.replace("-", "").lower()

"""The schemata of FollowTheMoney and our words, both ways; ids of entities.

Schemata and properties are those of FollowTheMoney 4.11 (https://followthemoney.tech).
"""

import re
from dataclasses import dataclass

from headrace.facts.kinds import RELATION

_PLAIN_ID = re.compile(r"[0-9a-zA-Z]([0-9a-zA-Z.\-]*[0-9a-zA-Z])?")
OURS = "headrace"


@dataclass(frozen=True, slots=True)
class Link:
    """How a relation is said: the schema, the properties of subject and object, fixed words."""

    schema: str
    subject: str
    object: str
    role: str | None = None  # the word in `role`; None: the relation's own role stands there
    says_role: str | None = None  # the property in which the relation's role stands
    percentage: bool = False
    amount: bool = False


LINKS = {
    "owns": Link("Ownership", "owner", "asset", "shareholder", percentage=True),
    "votes": Link("Ownership", "owner", "asset", "votes", percentage=True),
    "general_partner": Link("Ownership", "owner", "asset", "general partner", percentage=True),
    "limited_partner": Link("Ownership", "owner", "asset", "limited partner", percentage=True),
    "controls": Link("Control", "controller", "controlled", says_role="controlType"),
    "office": Link("Directorship", "director", "organization", says_role="role"),
    "family": Link("Family", "relative", "person", says_role="relationship"),
    "proxy": Link("Representation", "client", "agent", "proxy"),
    "nominee": Link("Representation", "agent", "client", "nominee"),
    "lends": Link("Debt", "creditor", "debtor", amount=True),
    "transfers": Link("Payment", "payer", "beneficiary", amount=True),
}
OTHERS = {
    kind: Link("UnknownLink", "subject", "object", kind.replace("_", " "))
    for kind in RELATION.field("relation").choices
    if kind not in LINKS
}
ALL = LINKS | OTHERS
# How entities of other writers are read: schema to relation, where `role` does not tell more.
READ = {
    "Ownership": "owns",
    "Control": "controls",
    "Directorship": "office",
    "Employment": "office",
    "Membership": "office",
    "Family": "family",
    "Representation": "proxy",
    "Debt": "lends",
    "Payment": "transfers",
}
READ_ENDS = {
    "Employment": Link("Employment", "employee", "employer", says_role="role"),
    "Membership": Link("Membership", "member", "organization", says_role="role"),
}
BY_ROLE = {(link.schema, link.role): kind for kind, link in ALL.items() if link.role}
PARTY_SCHEMA = {
    "person": ("Person", None),
    "company": ("Company", None),
    "partnership": ("Company", "partnership"),
    "branch": ("Company", "branch"),
    "fund": ("Company", "fund"),
    "state": ("PublicBody", None),
    "other": ("Organization", None),
    None: ("LegalEntity", None),
}
PARTY_TYPE: dict[str, str | None] = {
    schema: kind for kind, (schema, form) in PARTY_SCHEMA.items() if form is None
}
PARTY_PROPERTIES = {
    "name": "name",
    "english_name": "alias",
    "industry": "sector",
    "uscc": "uscCode",
    "registration_number": "registrationNumber",
    "address": "address",
    "phone": "phone",
}


def entity_id(code: str, *, ours: bool = False) -> str:
    """A code as an id that FollowTheMoney takes; `code_of` reads it back.

    Args:
        code: Of a party, or `rel.` and the id of a relation's fact.
        ours: Whether `rel.` in front is the mark of a relation rather than part of a party's code.
    """
    odd = code.startswith("hrx-") or (code.startswith("rel.") and not ours)
    if _PLAIN_ID.fullmatch(code) and not odd:
        return code
    return f"hrx-{code.encode().hex()}"


def code_of(identity: str) -> str:
    """The code that became this id."""
    if identity.startswith("hrx-"):
        try:
            return bytes.fromhex(identity.removeprefix("hrx-")).decode()
        except (ValueError, UnicodeDecodeError):
            return identity
    return identity

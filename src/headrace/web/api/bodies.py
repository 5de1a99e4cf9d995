"""What requests may hold: the fields of a class, and nothing else.

A field that is not ours is refused rather than ignored: it is a slip, or somebody trying to set
what is not theirs to set.
"""

from typing import TypeVar, cast, dataclass_transform

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

_Body = TypeVar("_Body")


@dataclass_transform(frozen_default=True)
def body(kind: type[_Body]) -> type[_Body]:
    """Make a frozen dataclass that a request's JSON becomes; other fields are refused."""
    return cast("type[_Body]", dataclass(frozen=True, config=ConfigDict(extra="forbid"))(kind))

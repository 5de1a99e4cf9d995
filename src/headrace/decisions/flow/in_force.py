"""Everything that a decision depends on beside the facts, under one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from headrace.decisions.flow.one import OneProgram
from headrace.decisions.flow.program import FlowProgram


@dataclass(frozen=True, eq=False)
class InForce:
    """A version of a policy, ready to decide.

    Attributes:
        program: The compiled policy with its models and lists.
        inputs: FEEL type of every input that a case brings, by name.
        features: Digest of the feature definitions and the engine's settings.
        files: The files it was read from, by name: kept with the decisions made by it.
        lateness: Of the engine that computes the features.
    """

    program: FlowProgram
    inputs: Mapping[str, str]
    features: str
    files: Mapping[str, bytes]
    lateness: timedelta = timedelta(days=1)

    @cached_property
    def versions(self) -> Mapping[str, str]:
        """Digests of its parts, by name."""
        program = self.program
        return {
            "policy": program.policy.digest(),
            **{f"table {name}": table.digest() for name, table in program.policy.tables.items()},
            **{f"model {name}": model.digest() for name, model in program.models.items()},
            "lists": program.lists.digest(),
            "features": self.features,
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the versions, in hex."""
        return hashlib.sha256(json.dumps(dict(self.versions), sort_keys=True).encode()).hexdigest()

    @cached_property
    def one(self) -> OneProgram:
        """For cases that come alone."""
        return OneProgram(self.program, self.inputs)

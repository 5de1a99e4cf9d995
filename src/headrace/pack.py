"""A pack: one scenario as definitions, handed to workflows as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.errors import InputError
from headrace.features.definition import Feature, FeatureSet
from headrace.scores.rating import RatingScale
from headrace.scores.straight_card import CardSpec


@dataclass(frozen=True)
class Text:
    """One thing said to people, in both languages."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """The text in `language`, "en" or "zh"."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Lending:
    """How a scenario lends: what becomes of features.

    Attributes:
        card: The scorecard, before it has seen a label.
        scale: Rating classes by probability of default.
        files: Text files a person may edit, by name: policy.yaml (the steps of the policy),
            access.csv (who may borrow), limit.csv (how much), economics.toml (money of the book),
            contract.toml (how a limit becomes a contract), scenarios.csv (stress), industries.csv
            (words in a name that tell the industry).
        reasons: What each reason code of a decision says.
    """

    card: CardSpec
    scale: RatingScale
    files: Mapping[str, str]
    reasons: Mapping[str, Text]


@dataclass(frozen=True)
class Pack:
    """A scenario's definitions.

    Attributes:
        name: As the command line spells it.
        title: For people.
        features: Everything computed, with names for people.
        feature_set: What of it is computed from events, as the engines take it.
        mappings: Mapping files for the exports this pack knows, by name.
        cautions: What everybody who uses its figures must be told.
        lending: Score, policy and reasons; None where nothing is lent.
        customer_reasons: What a customer is told of each reason code of that policy.
        policy: Files of the policy that decides events as they come, by name; empty where there is
            none.
    """

    name: str
    title: Text
    features: tuple[Feature, ...]
    feature_set: FeatureSet
    mappings: Mapping[str, str]
    cautions: tuple[Text, ...]
    lending: Lending | None = None
    policy: Mapping[str, bytes] = field(default_factory=dict)
    customer_reasons: Mapping[str, Text] = field(default_factory=dict)

    def require_lending(self) -> Lending:
        """How it lends.

        Raises:
            InputError: If it does not.
        """
        if self.lending is None:
            raise InputError(
                f"the pack {self.name!r} has features only: nothing is scored, decided or lent",
                where="--pack",
                remedy="compute its features with `headrace features`",
            )
        return self.lending

    def feature(self, name: str) -> Feature:
        """The feature of that name.

        Raises:
            KeyError: If the pack has none.
        """
        return {feature.name: feature for feature in self.features}[name]

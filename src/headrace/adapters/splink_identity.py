"""Splink as the bulk backend of identity: training and clustering where records outgrow a machine.

Splink runs on DuckDB or on Spark; settings and protocol are ours, and what it learns comes back as
our model, so a resolver goes on from there one record at a time under the ids that Splink's
clusters were given. Company names and lists are compared by our own code only.

Needs the extra `splink`.
"""

from typing import Any

import pyarrow as pa
import splink.comparison_library as library
from splink import Linker, SettingsCreator, block_on

from headrace.errors import InputError
from headrace.graph.identity.model import Agreement, Model, first_values
from headrace.graph.identity.records import records_of
from headrace.graph.identity.settings import Comparison, Measure, Rule, Settings, TextComparison
from headrace.graph.identity.training import SMALLEST, Protocol, frequencies_of

ID = "headrace_record"
SEED = 7


def splink_model(
    table: pa.Table, ids: pa.StringArray, settings: Settings, protocol: Protocol, api: Any
) -> Model:
    """Learn a model in Splink.

    Args:
        table: One row a record; texts are taken as they are, so fold them first.
        ids: (n,) their ids.
        settings: What is compared; texts only.
        protocol: How to learn.
        api: A Splink database, `DuckDBAPI()` or `SparkAPI(...)`.

    Raises:
        InputError: A comparison is of company names or of lists.
    """
    linker = _linker(table, ids, settings, api)
    linker.training.estimate_probability_two_random_records_match(
        [_rule(each) for each in protocol.certain], recall=protocol.recall
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=protocol.sample_pairs, seed=SEED)
    for rule in protocol.training:
        linker.training.estimate_parameters_using_expectation_maximisation(_rule(rule))
    learned = linker.misc.save_model_to_json()
    records = records_of(table, ids, settings, {})
    frequencies = {
        comparison.field: frequencies_of(first_values(records, comparison.field))
        for comparison in settings.comparisons
        if getattr(comparison, "by_frequency", False)
    }
    return Model(
        settings,
        float(learned["probability_two_random_records_match"]),
        tuple(_agreement(each) for each in learned["comparisons"]),
        frequencies,
    )


def splink_parties(table: pa.Table, ids: pa.StringArray, model: Model, api: Any) -> pa.Table:
    """Cluster records in Splink, by a model that `splink_model` or `train` learned.

    Connected components: people's words and `Settings.single` are for the resolver to respect.

    Returns:
        record, party and keeps, as `Resolver.load` takes them.
    """
    linker = _linker(table, ids, model.settings, api, model)
    weight = model.settings.weight_min
    found = linker.inference.predict(threshold_match_weight=weight)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        found, threshold_match_weight=weight
    )
    found_in = clusters.as_dict()
    cluster_of = dict(zip(found_in[ID], found_in["cluster_id"], strict=True))
    records, parties, keeps = ids.to_pylist(), [], []
    numbers: dict[str, int] = {}
    for record in records:
        new = cluster_of[record] not in numbers
        number = numbers.setdefault(cluster_of[record], len(numbers) + 1)
        parties.append(f"P{number}")
        keeps.append([number] if new else [])
    return pa.table(
        {"record": ids, "party": parties, "keeps": pa.array(keeps, pa.list_(pa.int64()))}
    )


def _linker(
    table: pa.Table, ids: pa.StringArray, settings: Settings, api: Any, model: Model | None = None
) -> Any:
    comparisons = [_comparison(each) for each in settings.comparisons]
    creator = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name=ID,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[_rule(each) for each in settings.rules],
    )
    given = creator.get_settings(api.sql_dialect.sqlglot_dialect).as_dict()
    if model is not None:
        given["probability_two_random_records_match"] = model.prior
        for comparison, agreement in zip(given["comparisons"], model.agreements, strict=True):
            values = zip(reversed(agreement.same), reversed(agreement.chance), strict=True)
            for level in comparison["comparison_levels"]:
                if not level.get("is_null_level"):
                    level["m_probability"], level["u_probability"] = next(values)
    registered = api.register(table.append_column(ID, ids))
    return Linker(registered, given, log_level="ERROR")


def _comparison(comparison: Comparison) -> Any:
    if not isinstance(comparison, TextComparison):
        remedy = "train it with headrace.graph.identity.training.train"
        raise InputError("Splink compares texts only here", where=comparison.field, remedy=remedy)
    made = {
        Measure.EQUALITY: lambda field, _: library.ExactMatch(field),
        Measure.JARO_WINKLER: library.JaroWinklerAtThresholds,
        Measure.EDITS: library.DamerauLevenshteinAtThresholds,
    }[comparison.measure](comparison.field, list(comparison.thresholds))
    return made.configure(term_frequency_adjustments=comparison.by_frequency)


def _rule(rule: Rule) -> Any:
    parts = (f"substr({p.field}, 1, {p.first})" if p.first else p.field for p in rule.parts)
    return block_on(*parts)


def _agreement(learned: dict[str, Any]) -> Agreement:
    """Our levels go from different to equal, Splink's the other way, with missing before them."""
    levels = [each for each in learned["comparison_levels"] if not each.get("is_null_level")]
    same = [float(each.get("m_probability") or SMALLEST) for each in reversed(levels)]
    chance = [float(each.get("u_probability") or SMALLEST) for each in reversed(levels)]
    return Agreement(tuple(same), tuple(chance))

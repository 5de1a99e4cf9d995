"""Cases from the folder of a lending run: its features, scores and outcomes, both policies.

What is compared is the policy, not the book: every firm that the policy approves and whose turnover
supports a loan counts as approved, at the limit its turnover supports and at the rate on offer that
is expected to earn most. The budget of the year and the choice among books come after that.
"""

import io
import json
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from headrace.decisions.flow.policy import Action
from headrace.decisions.flow.program import FlowResult
from headrace.decisions.lending.economics import ChurnCurve, churn_curve
from headrace.decisions.lending.offers import applicants, price_offers
from headrace.decisions.lending.turnover import turnover_caps
from headrace.decisions.program.columns import NUMBER, Column, read_column
from headrace.decisions.whatif.cases import UNKNOWN, Cases, Ints, Terms, TermsOf, Trial
from headrace.errors import InputError
from headrace.facts.localtime import microseconds
from headrace.pack import Text
from headrace.workflows.industry import industries
from headrace.workflows.policy import PARTY, RATING_CLASS, Policy
from headrace.workflows.ports import Folder
from headrace.workflows.run_note import run_settings
from headrace.workflows.simulate_policy import Setup

INDUSTRY, REGION = "industry", "region"
SALES = "sales_12m"
PRICED = Text(
    "Price is the rate on offer that is expected to earn most from each firm; expected loss is "
    "probability of default × loss given default × the limit that turnover supports.",
    "价格取对每户预期收益最高的可选利率；预期损失 = 违约概率 × 违约损失率 × 营业额支持的额度。",
)
OTHER = Text(
    "The run was decided by another policy than the old one here: name the one in force (--old).",
    "该次运行所用的策略与此处的旧策略不同：请用 --old 指定当时生效的策略。",
)
RECORDS = "records/decisions.jsonl"
NO_BOOK = Text(
    "Compared before the year's budget is shared out among those approved.",
    "比较的是策略本身，在年度预算分配之前。",
)


def of_run(
    folder: Folder,
    policies: tuple[Policy, Policy],
    since: datetime | None,
    groups: tuple[str, ...] = (),
) -> Setup:
    """The firms of a run as cases.

    Args:
        folder: What the run wrote.
        policies: The one in force, and the other.
        since: The run must have decided at this moment or later; None: whenever.
        groups: Columns of the party facts whose equal treatment to look at; empty: region and
            industry.

    Raises:
        InputError: The folder is no run's, or its run was earlier.
    """
    about, (old, new) = run_settings(folder), policies
    if since is not None and about.moment < since:
        raise InputError(
            f"The run decided as of {about.moment.isoformat()}",
            where="--since",
            remedy="Name a day before that",
        )
    features, scores = _table(folder, "features.parquet"), _table(folder, "scores.parquet")
    facts = _table(folder, "facts/party.parquet")
    parties = features[PARTY].to_pylist()
    sector = industries(parties, facts, new.words)
    told = _told_apart(sector, facts, scores, groups)
    known = read_column(scores["outcome"], "outcome")
    label = np.where(known.present, known.values, UNKNOWN).astype(np.int8)
    pd = np.asarray(scores["probability"].cast(pa.float64()).to_numpy())
    lgd = float(new.economics.lgd)
    names = groups or tuple(each for each in (INDUSTRY, REGION) if each in told)
    cases = Cases(
        key=read_column(features[PARTY], PARTY),
        label=label,
        pd=pd,
        lgd=np.full(len(parties), lgd),
        currency=new.economics.currency,
        parts=told,
        groups={name: told[name] for name in names},
    )
    moments = np.full(len(parties), microseconds(about.moment), np.int64)
    curve = churn_curve(_table(folder, "facts/rate_response.parquet"))
    book = _Book(features, scores, sector, curve)
    before, after = (
        Trial(policy.program, book.columns(policy), moments, book.terms(policy))
        for policy in (old, new)
    )
    return Setup(
        cases=cases,
        old=before,
        new=after,
        named=features.select([PARTY]),
        source=about.pack,
        seen=(PRICED, NO_BOOK, *(() if _decided_by(folder, old) else (OTHER,))),
        simulated=about.simulated,
    )


def _told_apart(
    sector: list[str], facts: pa.Table, scores: pa.Table, groups: tuple[str, ...]
) -> dict[str, Column]:
    """What firms are told apart by: industry, region, class, and what groups are asked for."""
    parties = scores[PARTY].to_pylist()
    told = {
        INDUSTRY: read_column(pa.array(sector, pa.string()), INDUSTRY),
        REGION: _of_party(facts, REGION, parties),
        RATING_CLASS: read_column(scores[RATING_CLASS], RATING_CLASS),
    }
    told = {name: column for name, column in told.items() if column.present.any()}
    for name in groups:
        if name not in told:
            told[name] = _of_party(facts, name, parties)
    return told


def _decided_by(folder: Folder, policy: Policy) -> bool:
    """Whether the run's decisions were made by this policy; true where there is none."""
    first = folder.read(RECORDS).partition(b"\n")[0]
    if not first:
        return True
    versions = {each["name"]: each["digest"] for each in json.loads(first)["versions"]}
    return all(versions.get(name) == digest for name, digest in policy.digests.items())


class _Book:
    """What a policy's decisions come to in money."""

    def __init__(
        self, features: pa.Table, scores: pa.Table, sector: list[str], curve: ChurnCurve
    ) -> None:
        self._features, self._scores = features, scores
        self._sector, self._curve = sector, curve
        self._sales = read_column(features[SALES], SALES)

    def columns(self, policy: Policy) -> dict[str, Column]:
        """What the steps of a policy read."""
        features = self._features
        found = {
            name: read_column(features[name], name)
            for name in features.column_names
            if policy.kinds.get(name) == NUMBER or name == PARTY
        }
        found[RATING_CLASS] = read_column(self._scores[RATING_CLASS], RATING_CLASS)
        return found

    def terms(self, policy: Policy) -> TermsOf:
        """The limit that turnover supports, and the rate that is expected to earn most."""
        economics = policy.economics

        def terms(result: FlowResult, rows: Ints) -> Terms:
            caps = turnover_caps(self._sales.take(rows), result.values[policy.share])
            limits = np.array([economics.round_down(int(cap)) for cap in caps], np.int64)
            chosen = pa.array(rows)
            people = applicants(
                pa.table(
                    {
                        "party": self._features[PARTY].take(chosen),
                        "pd": self._scores["probability"].take(chosen),
                        "rating": self._scores[RATING_CLASS].take(chosen),
                        "cap_minor": limits,
                        "industry": pa.array(self._sector, pa.string()).take(chosen),
                    }
                )
            )
            offers = price_offers(people, economics, self._curve)
            rates = np.array([float(rate) for rate in offers.rates])
            best = np.argmax(np.nan_to_num(offers.profit, nan=-np.inf), axis=1)
            rate = np.where(offers.eligible, rates[best], np.nan)
            approved = (result.action == Action.APPROVE) & (limits > 0)
            return Terms(approved, limits, np.ones(len(rows), np.bool_), rate)

        return terms


def _of_party(facts: pa.Table, name: str, parties: list[str]) -> Column:
    """A column of the party facts, one value a firm; of several facts the last."""
    if name not in facts.column_names:
        raise InputError(
            f"Firms have no {name!r}",
            where="facts/party.parquet",
            remedy=f"There are {', '.join(facts.column_names)}",
        )
    pairs = zip(
        pc.cast(facts[PARTY], pa.string()).to_pylist(),
        pc.cast(facts[name], pa.string()).to_pylist(),
        strict=True,
    )
    of = {party: value for party, value in pairs if value is not None}
    return read_column(pa.array([of.get(party) for party in parties], pa.string()), name)


def _table(folder: Folder, name: str) -> pa.Table:
    return pq.read_table(io.BytesIO(folder.read(name)))

"""Written by docs/make_client.py from the API's document; edit the service, not this."""

from __future__ import annotations

import datetime
from typing import Any, Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from headrace.client.transport import Request, Transport, filled

class Account(Struct, frozen=True, kw_only=True):
    """A user; times are in microseconds since 1970, UTC.

    Attributes:
        name: Lower case.
        roles: Of access.toml.
        regions: Of the firms they may know of; none: all.
        locked: Whether nothing is let in under the name.
        password_due: Whether a password must be chosen first.
        elsewhere: Whether they sign in at the provider.
        created: When the account was made.
        last_sign_in: With a browser; None: never.
    """
    name: str
    roles: tuple[str, ...]
    regions: tuple[str, ...]
    locked: bool
    password_due: bool
    elsewhere: bool
    created: int
    last_sign_in: int | None


class AccountLine(Struct, frozen=True, kw_only=True):
    """An account with its totals in minor units; `balance_minor` is debits less credits."""
    account: str
    code: str
    name_en: str
    name_zh: str
    party: str
    contract: str
    currency: str
    debits_minor: int
    credits_minor: int
    balance_minor: int


class AccountList(Struct, frozen=True, kw_only=True):
    """All users by name."""
    items: tuple[Account, ...]


class AccountPage(Struct, frozen=True, kw_only=True):
    """Some accounts, in the order of opening; `next` is None on the last page."""
    items: tuple[AccountLine, ...]
    next: str | None


class Acted(Struct, frozen=True, kw_only=True):
    """What became of an act; `entry` is None where it had been recorded before, under its key."""
    existed: bool
    entry: int | None
    postings: int
    contract: ContractLine


class AlertLine(Struct, frozen=True, kw_only=True):
    """An alert, with the case that took it."""
    decision: str
    policy: str
    customer: str
    action: str
    reason: str | None
    at: str
    exposure: float | None
    case: int
    state: CasesState


class AlertPage(Struct, frozen=True, kw_only=True):
    """Some alerts, the newest first; `next` is None on the last page."""
    items: tuple[AlertLine, ...]
    next: str | None


class Alternative(Struct, frozen=True, kw_only=True):
    """The same limit at another rate.

    Attributes:
        rate: Yearly.
        take_up: Share expected to accept, in [0, 1].
        profit_minor: Expected, rounded half to even.
    """
    rate: str
    take_up: float
    profit_minor: int


class ApplicationAnswer(Struct, frozen=True, kw_only=True):
    """What became of an application. Money is in minor units.

    Attributes:
        application_id: As it was sent.
        party: Code of the firm.
        name: Of the firm; None: not known.
        at: When, microseconds since 1970, UTC.
        by: Who sent it.
        amount_minor: Asked for; None: as much as there is.
        purpose: What for.
        outcome: approve, refer or decline.
        reason: Its code.
        reason_en: What it says.
        reason_zh: The same in Chinese.
        currency: Of all money here.
        limit_minor: 0 unless approved.
        rate: Yearly; None unless approved, as are all that follow up to `valid_until`.
        term_months: How long.
        payment_minor: The first month's payment.
        valid_until: The last day of the offer.
        probability: Of default over the term; None: it could not be computed.
        rating: Class.
        expected_loss_minor: Expected loss on it, after take-up; None unless approved.
        owed_minor: What the firm owed, or might still draw, when it was decided: it is taken off.
            None where nothing is known of the firm; so are the two that follow.
        owed_by_group_minor: What its group owed, itself included; None too where groups were not
            looked for.
        available_minor: What was left of the limit that its trade supports.
        policy_version: In the policy store; None: the pack's own.
        facts_until: Up to when facts were known.
        simulated: Whether the data are made up.
    """
    application_id: str
    party: str
    name: str | None
    at: int
    by: str
    amount_minor: int | None
    purpose: str
    outcome: DecisionOutcome
    reason: str
    reason_en: str
    reason_zh: str
    currency: str
    limit_minor: int
    rate: str | None
    term_months: int | None
    payment_minor: int | None
    valid_until: datetime.date | None
    probability: float | None
    rating: str | None
    expected_loss_minor: int | None
    owed_minor: int | None
    owed_by_group_minor: int | None
    available_minor: int | None
    policy_version: int | None
    facts_until: str
    simulated: bool


class ApplicationPage(Struct, frozen=True, kw_only=True):
    """Some applications, newest first; `next` is None on the last page."""
    items: tuple[ApplicationAnswer, ...]
    next: str | None


class ApplicationRequest(Struct, frozen=True, kw_only=True):
    """What a firm asks for.

    Attributes:
        application_id: Chosen by the sender: sent twice, it is decided once.
        party: Code, credit code or name of the firm.
        consent: Reference of its written consent (授权书); without it nothing is read.
        purpose: Such as working_capital.
        amount_minor: Asked for, minor units; None: as much as there is.
        manager: Account manager who brought the firm.
    """
    application_id: str
    party: str
    consent: str
    purpose: str = 'working_capital'
    amount_minor: int | None | UnsetType = UNSET
    manager: str = ''


class AreaRequest(Struct, frozen=True, kw_only=True):
    """An area of a list, and who goes there."""
    area: str
    manager: str


class Assign(Struct, frozen=True, kw_only=True):
    """To whom; it must be somebody who may work cases."""
    to: str
    comment: str = ''
    events_seen: int | None | UnsetType = UNSET


class Assigned(Struct, frozen=True, kw_only=True):
    """How many firms were given to somebody."""
    firms: int


class AuditLine(Struct, frozen=True, kw_only=True):
    """One line of the audit; `at` is in microseconds since 1970, UTC."""
    number: int
    at: int
    who: str
    act: str
    about: str
    address: str
    request: str


class AuditPage(Struct, frozen=True, kw_only=True):
    """Some lines of the audit, newest first; `next` is None on the last page."""
    items: tuple[AuditLine, ...]
    next: str | None


class AuditToVerify(Struct, frozen=True, kw_only=True):
    """What the audit is compared with.

    Attributes:
        checkpoint: One that was kept elsewhere; empty: none.
    """
    checkpoint: str = ''


class AuditVerdict(Struct, frozen=True, kw_only=True):
    """Whether anybody altered what was sealed of the audit."""
    holds: bool
    sealed: int
    unsealed: int
    problems: tuple[Finding, ...]


class BadRow(Struct, frozen=True, kw_only=True):
    """Why a row is no fact.

    Attributes:
        row: Its number in what was sent, from 1.
        column: Which; empty: the row as a whole.
        value: As sent, cut short; None: missing.
        rule: By which it was refused.
        reason: In English.
        reason_zh: In Chinese.
    """
    row: int
    column: str
    value: str | None
    rule: str
    reason: str
    reason_zh: str


class BatchAnswer(Struct, frozen=True, kw_only=True):
    """What became of many events, in their order.

    Attributes:
        decisions: Of each event, its answer; None where there is a problem.
        problems: Why some events were not decided; the others were.
    """
    decisions: tuple[LiveAnswer | None, ...]
    problems: tuple[RowProblem, ...]


class BatchPage(Struct, frozen=True, kw_only=True):
    """Batches, newest first; `next` is None on the last page."""
    items: tuple[FactBatch, ...]
    next: str | None


class BesideLine(Struct, frozen=True, kw_only=True):
    """A version beside the one in force.

    Attributes:
        version: Its number.
        mode: `challenger`: it decides for its share; `shadow`: it is asked and not followed.
        share: Of customers, in per cent.
        since: Microseconds since 1970, UTC.
    """
    version: int
    mode: Mode
    share: str
    since: int


class CaseLine(Struct, frozen=True, kw_only=True):
    """A case in a list; times are ISO 8601, exposure is in minor units."""
    case: int
    policy: str
    customer: str
    state: CasesState
    owner: str
    outcome: CasesOutcome | None
    severity: str
    opened: str
    due: str
    overdue: bool
    alerts: int
    exposure: float | None


class CasePage(Struct, frozen=True, kw_only=True):
    """Some cases, in the order of their numbers; `next` is None on the last page."""
    items: tuple[CaseLine, ...]
    next: str | None


class CaseTold(Struct, frozen=True, kw_only=True):
    """A whole case: its alerts, and everything that happened, in order.

    `measures` are what may be done about it, as POST …/action takes them; `holding` what holds
    now. `others` are numbers of other cases of the customer, the newest first. `labels` says what
    came of reporting fraud to the live features; empty where nothing was to be reported.
    """
    case: dict[str, Any]
    overdue: bool
    events_seen: int
    measures: tuple[str, ...]
    holding: tuple[CasesHeld, ...]
    others: tuple[int, ...]
    labels: str = ''


class CasesAct(Struct, frozen=True, kw_only=True):
    """What is done: one of `measures` of the case, and for how many days; None: for good."""
    measure: str
    days: int | None | UnsetType = UNSET
    comment: str = ''
    events_seen: int | None | UnsetType = UNSET


class CasesHeld(Struct, frozen=True, kw_only=True):
    """An entry of a list that holds for a case; `until` is None: for good."""
    list: str
    value: str
    since: str
    until: str | None
    owner: str


class CheckShown(Struct, frozen=True, kw_only=True):
    """What came of a check.

    Attributes:
        usable: Whether a version could be made of it.
        digest: Of what it means; empty where it cannot be used.
        remarks: The worst first.
        changes: Against the version in force, in words; empty where it cannot be used.
    """
    usable: bool
    digest: str
    remarks: tuple[RemarkShown, ...]
    changes: tuple[Text, ...]


class Circle(Struct, frozen=True, kw_only=True):
    """Parties that guarantee one another, what is net, and which guarantees to replace."""
    circle: int
    parties: tuple[str, ...]
    kinds: tuple[str, ...]
    guarantees: tuple[str, ...]
    amount_minor: int
    unknown: int
    net_minor: int
    replace: tuple[str, ...]
    replace_minor: int
    exact: bool


class Clearing(Struct, frozen=True, kw_only=True):
    """What clears a loan on a day, part by part; a deposit is taken off."""
    on: datetime.date
    fee_minor: int
    compound_minor: int
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    accrued_minor: int
    prepayment_fee_minor: int
    balance_minor: int
    deposit_minor: int
    total_minor: int


class Close(Struct, frozen=True, kw_only=True):
    """What the case turned out to be. Of fraud, its decisions are reported to the features."""
    outcome: CasesOutcome
    comment: str = ''
    events_seen: int | None | UnsetType = UNSET


class Column(Struct, frozen=True, kw_only=True):
    """A column of a table: its role `in`, `out` or `note`, and its name."""
    role: str
    name: str
    label: str
    type: str


class Compared(Struct, frozen=True, kw_only=True):
    """Two versions to be compared: `before` and `after` are numbers; `written` stands for after."""
    before: int
    after: int | None | UnsetType = UNSET
    written: Written | None | UnsetType = UNSET


class Connection(Struct, frozen=True, kw_only=True):
    """How two parties are connected; no steps where they are not, or are one."""
    connected: bool
    steps: tuple[Step, ...]


class Consistency(Struct, frozen=True, kw_only=True):
    """That a log was only added to: RFC 6962 §2.1.2, hashes in hexadecimal."""
    old_size: int
    size: int
    old_root: str
    root: str
    proof: tuple[str, ...]


class Contagion(Struct, frozen=True, kw_only=True):
    """What the failure of some parties costs, by whom and along which relations."""
    total_minor: int
    failed: int
    losses: tuple[Loss, ...]
    edges: tuple[LossEdge, ...]


class ContractDetail(Struct, frozen=True, kw_only=True):
    """One contract: how it stands, its terms, what is to come, what happened, what clears it.

    `clearing` is None where nothing is owed.
    """
    day: datetime.date
    simulated: bool
    contract: ContractLine
    decision_id: str
    product: str
    terms: dict[str, Any]
    schedule: tuple[Instalment, ...]
    events: tuple[LoggedEvent, ...]
    clearing: Clearing | None


class ContractLine(Struct, frozen=True, kw_only=True):
    """A contract in a list. Money in minor units; rates a year; days overdue 0 where nothing is.

    `name`, `industry`, `region`: None where the facts do not say. `next_due`: None where nothing is
    to come.
    """
    contract: str
    party: str
    name: str | None
    industry: str | None
    region: str | None
    status: str
    grade: str
    currency: str
    principal_minor: int
    owed_minor: int
    due_minor: int
    overdue_days: int
    accrued_minor: int
    allowance_minor: int
    rate: str
    start: datetime.date
    next_due: datetime.date | None


class ContractPage(Struct, frozen=True, kw_only=True):
    """Some contracts, those longest overdue first; `next` is None on the last page.

    `day` is the morning the book stands on.
    """
    day: datetime.date
    simulated: bool
    items: tuple[ContractLine, ...]
    next: str | None


class ContractRequest(Struct, frozen=True, kw_only=True):
    """What is to be signed of an approved application.

    Attributes:
        key: The asker's own: with the same key it is asked for once.
        amount_minor: At most what was approved; None: all of it.
        start: On which it is paid out; None: the book's day.
    """
    key: str
    amount_minor: int | None | UnsetType = UNSET
    start: datetime.date | None | UnsetType = UNSET


class Control(Struct, frozen=True, kw_only=True):
    """Who controls whom by votes, certainly or possibly."""
    controller: str
    controller_name: str | None
    controlled: str
    controlled_name: str | None
    certain: bool
    jointly: bool
    ultimate: bool
    votes_low: float
    votes_high: float


class ControlPage(Struct, frozen=True, kw_only=True):
    """Some pairs of controller and controlled; `next` is None on the last page."""
    items: tuple[Control, ...]
    next: str | None


class DayEnd(Struct, frozen=True, kw_only=True):
    """Which days to end: all up to `until`, or the book's day where it is None."""
    until: datetime.date | None | UnsetType = UNSET


class DayTold(Struct, frozen=True, kw_only=True):
    """Decisions on the events of one day (UTC; microseconds since 1970), by action."""
    day: int
    actions: dict[str, int]


class DaysEnded(Struct, frozen=True, kw_only=True):
    """How many days were ended, and the morning on which the book stands now."""
    days: int
    day: datetime.date


class Decision(Struct, frozen=True, kw_only=True):
    """One applicant's decision. Its canonical bytes are what evidence commits to.

    Attributes:
        decision_id: Distinct within a run.
        party: Whom it is about.
        as_of: The day on which everything used was known.
        outcome: Approve, refer or decline.
        reasons: Codes, most important first; the pack says them in English and Chinese.
        currency: Of all money in here.
        limit_minor: 0 unless a loan is offered.
        rate: Yearly; None unless a loan is offered.
        term_months: None unless a loan is offered.
        limit_parts: Where the limit comes from; None if no cap was worked out.
        rate_parts: Where the rate goes; None unless a loan is offered.
        pd: Probability of default over the term; None if it could not be computed.
        rating: Rating class; None if there is none.
        points: By reason.
        rules: The policy rules that spoke, in the order of the tables.
        missing_inputs: Inputs that this decision lacked, by name.
        versions: By name.
    """
    decision_id: str
    party: str
    as_of: datetime.date
    outcome: DecisionOutcome
    reasons: tuple[str, ...]
    currency: str
    limit_minor: int = 0
    rate: str | None | UnsetType = UNSET
    term_months: int | None | UnsetType = UNSET
    limit_parts: LimitParts | None | UnsetType = UNSET
    rate_parts: RateParts | None | UnsetType = UNSET
    pd: float | None | UnsetType = UNSET
    rating: str | None | UnsetType = UNSET
    points: tuple[Points, ...] | UnsetType = UNSET
    rules: tuple[RuleFired, ...] | UnsetType = UNSET
    missing_inputs: tuple[str, ...] | UnsetType = UNSET
    versions: tuple[Version, ...] | UnsetType = UNSET


class DecisionLine(Struct, frozen=True, kw_only=True):
    """A decision in a list; all of it is under its id. Money is in minor units."""
    decision_id: str
    party: str
    name: str | None
    industry: str | None
    as_of: datetime.date
    outcome: DecisionOutcome
    currency: str
    limit_minor: int
    rate: str | None
    rating: str | None
    reasons: tuple[str, ...]


class DecisionPage(Struct, frozen=True, kw_only=True):
    """Some decisions, in the order of the run; `next` is None on the last page."""
    items: tuple[DecisionLine, ...]
    next: str | None


class Done(Struct, frozen=True, kw_only=True):
    """It was done."""
    done: bool = True


class DoublePledges(Struct, frozen=True, kw_only=True):
    """What was found on claims that are asked to be financed, beside those that are."""
    simulated: bool
    findings: tuple[dict[str, Any], ...]


class DraftGiven(Struct, frozen=True, kw_only=True):
    """What is to be kept of a draft."""
    base: int
    files: dict[str, str]


class DraftShown(Struct, frozen=True, kw_only=True):
    """A draft: the version it was begun from, how often it was saved, and what differs.

    Attributes:
        base: Version; 0: the pack's own files.
        last: The last version now: if it is another one, somebody proposed it since.
        revision: To be given back as If-Match.
        files: Texts that differ, by name.
    """
    base: int
    last: int
    revision: int
    files: dict[str, str]


class EntryGiven(Struct, frozen=True, kw_only=True):
    """An entry of a list: who or what, from when until when, why, who answers for it.

    Attributes:
        list: The list's name.
        value: Who or what.
        reason: A code or a sentence.
        scope: The policy it holds for; empty: all.
        start: From when on; None: now.
        until: Until when; None: for good; the same as the start takes an entry back.
        owner: Who answers for it; empty: whoever records it.
    """
    list: str
    value: str
    reason: str = ''
    scope: str = ''
    start: str | None | UnsetType = UNSET
    until: str | None | UnsetType = UNSET
    owner: str = ''


class EventsTaken(Struct, frozen=True, kw_only=True):
    """What became of events that only move features.

    Attributes:
        outcomes: How many were `added`, came again (`duplicate`) or were taken back before.
        problems: Why some were not taken in; the others were.
    """
    outcomes: dict[str, int]
    problems: tuple[RowProblem, ...]


class Exposure(Struct, frozen=True, kw_only=True):
    """What the bank has at risk on a firm, and on the groups it is in.

    Attributes:
        party: Code.
        positions: Open ones.
        total_minor: Of them all, minor units.
        group: Groups and limits; None where the facts make no graph or do not name the firm.
    """
    party: str
    positions: tuple[Position, ...]
    total_minor: int
    group: Group | None


class FactBatch(Struct, frozen=True, kw_only=True):
    """A batch of facts that was taken: rows = accepted + duplicates + quarantined.

    Attributes:
        batch: Its id.
        kind: Of its facts.
        at: When it was taken, microseconds since 1970.
        by: Who sent it.
        rows: What was sent.
        accepted: New facts; they are durable.
        duplicates: Rows whose source and id were known.
        quarantined: Rows that cannot be facts.
        digest: SHA-256 of what was sent.
        bad: The first reasons why rows are in quarantine; all are under `quarantine`.
        quarantine: Where all of them are, as CSV.
    """
    batch: str
    kind: str
    at: int
    by: str
    rows: int
    accepted: int
    duplicates: int
    quarantined: int
    digest: str
    bad: tuple[BadRow, ...]
    quarantine: str


class FactPage(Struct, frozen=True, kw_only=True):
    """Facts, by time; what may not be read for this purpose is counted.

    Attributes:
        kind: Of the facts.
        items: Each with the fields of its kind; times in ISO 8601, amounts in minor units.
        not_shown_purpose: Left out of the whole list: they serve another purpose.
        not_shown_consent: Left out of the whole list: the consent was withdrawn.
        next: None on the last page.
    """
    kind: str
    items: tuple[dict[str, Any], ...]
    not_shown_purpose: int
    not_shown_consent: int
    next: str | None


class FeatureLine(Struct, frozen=True, kw_only=True):
    """A figure of a firm.

    Attributes:
        feature: Its name.
        en: What it is.
        zh: The same in Chinese.
        unit: Of the value; money is in minor units.
        value: None where it is missing.
        low: A quarter of the peers have less; None where too few have a value.
        middle: The median of the peers.
        high: A quarter have more.
        rank: Share of the peers below, 0 to 1.
        peers: How many peers have a value.
    """
    feature: str
    en: str
    zh: str
    unit: str
    value: float | None
    low: float | None
    middle: float | None
    high: float | None
    rank: float | None
    peers: int


class Figures(Struct, frozen=True, kw_only=True):
    """The figures of a firm as of a moment.

    Attributes:
        party: Code.
        as_of: What became known after it is not used.
        version: Digest of the definitions, 16 hex digits.
        peers: Industry of the peers; None: all firms of the run.
        items: In the order of the pack.
        missing: Names of those without a value: missing is not zero.
    """
    party: str
    as_of: datetime.datetime
    version: str
    peers: str | None
    items: tuple[FeatureLine, ...]
    missing: tuple[str, ...]


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that does not hold."""
    where: str
    what: str
    remedy: str


class FindingTold(Struct, frozen=True, kw_only=True):
    """Something to look at about a table's rules; see `headrace.decisions.flow.monitoring`."""
    code: str
    severity: str
    rules: tuple[int, ...]
    en: str
    zh: str


class Flow(Struct, frozen=True, kw_only=True):
    """What was answered in a stretch of time.

    Attributes:
        seconds: How long it is.
        decided: Events decided.
        refused: Events that could not be used.
        failed: Events not answered, because a disk or a store did not take them.
        actions: Decisions by action.
        p50: Half were answered within so many seconds; None where none was.
        p99: 99 of 100.
    """
    seconds: int
    decided: int
    refused: int
    failed: int
    actions: dict[str, int]
    p50: float | None
    p99: float | None


class Found(Struct, frozen=True, kw_only=True):
    """A party by its code or name, and how many relations it has."""
    party: str
    name: str | None
    type: str
    relations: int


class Funnel(Struct, frozen=True, kw_only=True):
    """How far firms came, for each manager or area.

    Attributes:
        stages: Names of the counts, in order.
        rows: One a group; who came further counts for what lies before.
    """
    stages: tuple[str, ...]
    rows: tuple[FunnelRow, ...]


class FunnelRow(Struct, frozen=True, kw_only=True):
    """How many firms of a group came how far; who came further counts for what lies before.

    Attributes:
        group: Name of the manager or area.
        counts: Firms at each stage, in the order of `Stage`.
    """
    group: str
    counts: tuple[int, ...]


class GivenReceipt(Struct, frozen=True, kw_only=True):
    """A receipt as it was handed out."""
    decision_id: str
    record: str
    salt: str
    entry: str
    index: int
    proof: tuple[str, ...]
    checkpoint: str


class Group(Struct, frozen=True, kw_only=True):
    """The groups of a party, and its room under every limit."""
    party: str
    name: str | None
    day: datetime.date
    members: tuple[Member, ...]
    room: tuple[Room, ...]


class Holder(Struct, frozen=True, kw_only=True):
    """Who has a share over all chains, least and most."""
    party: str
    name: str | None
    share_low: float
    share_high: float
    ultimate: bool


class HookAdded(Struct, frozen=True, kw_only=True):
    """A webhook that was added, and what its messages are signed with: shown only now."""
    hook: HookView
    secret: str


class HookAsked(Struct, frozen=True, kw_only=True):
    """A webhook to be added."""
    url: str
    events: tuple[str, ...]


class HookView(Struct, frozen=True, kw_only=True):
    """A webhook. `created` is in microseconds since 1970, UTC."""
    id: str
    url: str
    events: tuple[str, ...]
    by: str
    created: int


class InForceTold(Struct, frozen=True, kw_only=True):
    """What decides, or is asked beside.

    Attributes:
        name: `champion`, or the name of a challenger or shadow.
        mode: champion, challenger or shadow.
        share: Of customers it decides for, or is asked about, 0 to 1.
        policy: Its name.
        version: Its number in the store; None: as the pack ships it.
        in_force: Digest of all that decides.
    """
    name: str
    mode: str
    share: float
    policy: str
    version: int | None
    in_force: str


class Inclusion(Struct, frozen=True, kw_only=True):
    """That an entry is in the log: RFC 6962 §2.1.1, hashes in hexadecimal, leaf to root."""
    index: int
    size: int
    leaf: str
    proof: tuple[str, ...]
    root: str


class Instalment(Struct, frozen=True, kw_only=True):
    """What is to be paid on a day."""
    number: int
    due: datetime.date
    pay_on: datetime.date
    principal_minor: int
    interest_minor: int
    fee_minor: int
    payment_minor: int


class JobAdded(Struct, frozen=True, kw_only=True):
    """The id of a job that was asked for."""
    id: str


class JobAsked(Struct, frozen=True, kw_only=True):
    """A job to be done; `given` is as `GET /jobs/kinds` says of the kind."""
    kind: str
    given: dict[str, Any]


class JobKind(Struct, frozen=True, kw_only=True):
    """A kind of job; `given` is the JSON Schema of what can be said about it."""
    kind: str
    text: Text
    permission: str
    given: dict[str, Any]


class JobPage(Struct, frozen=True, kw_only=True):
    """Some jobs, newest first; `next` is None on the last page."""
    items: tuple[JobView, ...]
    next: str | None


class JobView(Struct, frozen=True, kw_only=True):
    """How a job stands. Times are microseconds since 1970, UTC.

    `result` is left out for whoever may not ask for the kind; `files` are names to download.
    """
    id: str
    kind: str
    text: Text
    given: dict[str, Any]
    by: str
    status: StatusOutput
    progress: float
    told: Text
    created: int
    started: int | None
    ended: int | None
    attempts: int
    result: dict[str, Any] | None
    problem: dict[str, str] | None
    files: tuple[str, ...]


class Judgement(Struct, frozen=True, kw_only=True):
    """What an approver says.

    Attributes:
        comment: Why.
        start: Of an activation or a rollback: a moment; None: now.
        share: Of a challenger or a shadow: of customers, in per cent, more than 0 and at most 100,
            to two places; None: all of them, for a shadow.
    """
    comment: str = ''
    start: str | None | UnsetType = UNSET
    share: float | str | None | UnsetType = UNSET


class KafkaTold(Struct, frozen=True, kw_only=True):
    """How Kafka as a source does. Counts are since the service started.

    Attributes:
        trouble: Why nothing is read at the moment; empty where it is.
        messages: Taken in, bad ones included.
        published: Decisions that the topic of answers has.
        quarantined: Bad messages, or rows of one.
        per_second: Messages a second over the last minute.
        places: By topic and partition.
    """
    trouble: str = 'not begun'
    messages: int = 0
    published: int = 0
    quarantined: int = 0
    per_second: float = 0.0
    places: tuple[PlaceTold, ...] | UnsetType = UNSET


class Key(Struct, frozen=True, kw_only=True):
    """An API key, without what opens anything; times in microseconds since 1970, UTC."""
    id: str
    user: str
    may: tuple[str, ...]
    created: int
    expires: int
    revoked: int | None


class KeyList(Struct, frozen=True, kw_only=True):
    """All keys, the newest first."""
    items: tuple[Key, ...]


class LimitParts(Struct, frozen=True, kw_only=True):
    """Where a limit comes from, in minor units.

    Attributes:
        cap_by_turnover_minor: The most that the firm's trade supports; None if it is not known.
        cap_by_class_minor: The most that policy gives this class; None if policy sets none.
        cap_minor: The least of those and of the product's largest loan, rounded down to the step.
        offered_minor: What the optimiser gave, at most `cap_minor`.
    """
    cap_by_turnover_minor: int | None
    cap_by_class_minor: int | None
    cap_minor: int
    offered_minor: int


class Line(Struct, frozen=True, kw_only=True):
    """What is between two parties, of one kind.

    Attributes:
        relation: The kind, such as owns or trades.
        subject: Code of the party it comes from.
        object: Code of the party it goes to.
        role: Office, kinship, what is shared; None: none stated.
        about: Code of the company concerned; None: none named.
        share: The least and the most the share can be, 0 to 1; None: none is stated.
        amount_minor: Minor units, of events their sum; None: none is stated.
        count: How many facts it rests on.
        since: Microseconds since 1970, UTC, of events the first; None: no beginning is stated.
        until: No longer true from then, of events the last; None: open.
        facts: Ids of facts, at most FACTS_SHOWN, the largest amounts first.
    """
    relation: str
    subject: str
    object: str
    role: str | None
    about: str | None
    share: tuple[float, float] | None
    amount_minor: int | None
    count: int
    since: int | None
    until: int | None
    facts: tuple[str, ...]


class ListRequest(Struct, frozen=True, kw_only=True):
    """A list to be made of the run's firms.

    Attributes:
        id: Chosen by the sender: sent twice, it is made once.
        title: For people.
        regions: As firms' regions begin; empty: all.
        industries: Empty: all.
        ratings: Classes; empty: all.
        state: any, no_loan, approved_not_drawn or referred.
        most: At most so many, the safest first.
        managers: Among whom areas are shared out; empty: areas are given later.
    """
    id: str
    title: str
    regions: tuple[str, ...] | UnsetType = UNSET
    industries: tuple[str, ...] | UnsetType = UNSET
    ratings: tuple[str, ...] | UnsetType = UNSET
    state: str = 'any'
    most: int = 100
    managers: tuple[str, ...] | UnsetType = UNSET


class Listed(Struct, frozen=True, kw_only=True):
    """A firm on a list.

    Attributes:
        list: Id of the list.
        party: Code of the firm.
        name: Of the firm.
        area: The grid (网格) it lies in: its region.
        industry: For people; empty: not known.
        why: Code of why it is on the list.
        manager: Who goes; empty: nobody yet.
    """
    list: str
    party: str
    name: str
    area: str
    industry: str
    why: str
    manager: str = ''


class LiveAnswer(Struct, frozen=True, kw_only=True):
    """The answer to an event; the same bytes however often the event is sent.

    Attributes:
        decision: The event's id, under which the record is found.
        moment: The event's time, microseconds since 1970, UTC.
        action: What to do: approve, notify, step_up, refer, decline or block.
        reason: Its code; None where none was given.
        decided_by: The step that said so; empty: the policy's `otherwise`.
        arm: `champion`, or the challenger that has the customer.
        results: What else the policy computed, such as limits, by name.
        missing: Inputs that were asked for and lacking.
        degraded: Models that were late or failed, so that their fallback stood in.
        problems: Tables that did not decide as their author meant.
        policy: Its name.
        version: Its number in the store; None: the policy as the pack ships it.
        in_force: Digest of all that decided: policy, tables, lists, models, features.
    """
    decision: str
    moment: int
    action: str
    reason: str | None
    decided_by: str
    arm: str
    results: dict[str, Any]
    missing: tuple[str, ...]
    degraded: tuple[str, ...]
    problems: tuple[str, ...]
    policy: str
    version: int | None
    in_force: str


class LiveState(Struct, frozen=True, kw_only=True):
    """The stream of decisions. Flows are by this machine's clock, since the service started.

    Attributes:
        at: Now, microseconds since 1970, UTC.
        simulated: Whether the folder is labelled as simulated.
        records: Records in the log.
        waiting: Events that are not answered yet.
        alerts_waiting: Batches of alerts on their way into cases.
        trouble: What does not work at the moment, in words; empty where all does.
        models_late: How often a model was late, by its step.
        models_failed: How often it failed.
        deciding: What decides, the champion first.
        flows: The last minute, the last hour.
        days: By day of events, oldest first.
        tables: How often rules spoke.
        kafka: How Kafka as a source does; None where no events come from it.
    """
    at: int
    simulated: bool
    records: int
    waiting: int
    alerts_waiting: int
    trouble: tuple[str, ...]
    models_late: dict[str, int]
    models_failed: dict[str, int]
    deciding: tuple[InForceTold, ...]
    flows: tuple[Flow, ...]
    days: tuple[DayTold, ...]
    tables: tuple[TableTold, ...]
    kafka: KafkaTold | None


class LoansAct(Struct, frozen=True, kw_only=True):
    """Something to be done with a contract.

    `on` None: the book's day. `until` and `rate` are of an extension, `name` is of a fee.
    """
    act: str
    key: str
    on: datetime.date | None | UnsetType = UNSET
    amount_minor: int | None | UnsetType = UNSET
    until: datetime.date | None | UnsetType = UNSET
    rate: float | str | None | UnsetType = UNSET
    name: str = ''


class LogState(Struct, frozen=True, kw_only=True):
    """The log of the run, and what was signed of it; hashes in hexadecimal.

    Attributes:
        origin: Name of the log.
        entries: How many there are now.
        root: Of the Merkle tree (RFC 6962) over them.
        signed_entries: How many the checkpoint signs.
        signed_root: Their root.
        checkpoint: The signed text, a C2SP tlog-checkpoint.
        key: The verifier key, one line.
        fingerprint: SHA-256 of the key.
    """
    origin: str
    entries: int
    root: str
    signed_entries: int
    signed_root: str
    checkpoint: str
    key: str
    fingerprint: str


class LoggedEvent(Struct, frozen=True, kw_only=True):
    """Something that was recorded about a contract; `amount_minor` is None where it has none."""
    entry: int
    key: str
    kind: str
    on: datetime.date
    known_at: int
    amount_minor: int | None


class Loss(Struct, frozen=True, kw_only=True):
    """What a party loses; `(bank)` is the lender of the exposures."""
    party: str
    name: str | None
    failed: bool
    loss_minor: int


class LossEdge(Struct, frozen=True, kw_only=True):
    """Along which relation a loss came, with a fact of it."""
    way: str
    source: str
    target: str
    amount_minor: int
    fact: str


class MadeAccount(Struct, frozen=True, kw_only=True):
    """A user that was made; the password is for the first sign-in, and told only now.

    Attributes:
        name: Of the user.
        password: To be changed at the first sign-in.
        waiting: Whether some roles wait until another administrator grants them.
    """
    name: str
    password: str
    waiting: bool


class MadeKey(Struct, frozen=True, kw_only=True):
    """The whole key, told only now."""
    key: str


class MadeList(Struct, frozen=True, kw_only=True):
    """A list, and how many firms are on it."""
    id: str
    title: str
    by: str
    at: int
    simulated: bool
    firms: int


class Marked(Struct, frozen=True, kw_only=True):
    """Loans on the last day of prices with what secures them; a null value is not known."""
    simulated: bool
    loans: tuple[dict[str, Any], ...]
    pieces: tuple[dict[str, Any], ...]


class Me(Struct, frozen=True, kw_only=True):
    """Who asks, and what they may."""
    name: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...]


class Member(Struct, frozen=True, kw_only=True):
    """A member of a group that the party is in, by a rule, with its proof."""
    kind: str
    head: str
    head_name: str | None
    member: str
    member_name: str | None
    certain: bool
    rule: str | None
    rule_en: str
    rule_zh: str
    article: str | None
    verified: bool | None
    number: str | None
    facts: tuple[str, ...]
    proof_en: tuple[str, ...]
    proof_zh: tuple[str, ...]


class MessageView(Struct, frozen=True, kw_only=True):
    """A message: waiting, sent or given up. Times are microseconds since 1970, UTC.

    `due` is when it is tried next, or when it was tried last; `answer` is what came back then.
    """
    id: str
    event: str
    created: int
    due: int
    tries: int
    state: str
    answer: str


class Neighbourhood(Struct, frozen=True, kw_only=True):
    """What is around a party; what was too much for one answer is counted.

    Attributes:
        party: Code of the party asked about.
        day: The day asked about.
        known_by: The day of knowledge.
        parties: Nearest first.
        lines: Between them.
        parties_left_out: How many more lie within the depth.
        lines_left_out: How many more lines are between the parties here.
        not_shown_purpose: Facts that are nowhere in the graph: they serve another purpose.
        not_shown_consent: Facts that are nowhere in the graph: the consent was withdrawn.
    """
    party: str
    day: datetime.date
    known_by: datetime.date
    parties: tuple[Node, ...]
    lines: tuple[Line, ...]
    parties_left_out: int
    lines_left_out: int
    not_shown_purpose: int = 0
    not_shown_consent: int = 0


class NewAccount(Struct, frozen=True, kw_only=True):
    """A user to be made."""
    name: str
    roles: tuple[str, ...]
    regions: tuple[str, ...] | UnsetType = UNSET


class NewKey(Struct, frozen=True, kw_only=True):
    """A key to be made, for a user with the role system, or for oneself."""
    user: str
    may: tuple[str, ...]
    days: int = 90


class NewRegions(Struct, frozen=True, kw_only=True):
    """Regions of the firms that a user may know of; none: all."""
    regions: tuple[str, ...]


class NewRoles(Struct, frozen=True, kw_only=True):
    """Roles that a user is to have instead of those there are."""
    roles: tuple[str, ...]


class Node(Struct, frozen=True, kw_only=True):
    """A party.

    Attributes:
        party: Its code.
        name: For people; None: not known.
        type: A type of party, "attribute", "chain_node" or "unknown".
    """
    party: str
    name: str | None
    type: str


class Note(Struct, frozen=True, kw_only=True):
    """What somebody has to say."""
    comment: str = ''
    evidence: tuple[Reference, ...] | UnsetType = UNSET


class OpenSession(Struct, frozen=True, kw_only=True):
    """A browser that is signed in; times in microseconds since 1970, UTC."""
    id: str
    user: str
    created: int
    used: int


class Owner(Struct, frozen=True, kw_only=True):
    """A beneficial owner by a test of the rules; `verified`: against the text of the law."""
    owner: str
    owner_name: str | None
    test: str
    test_zh: str
    certain: bool
    share_low: float
    share_high: float
    rules: str
    verified: bool


class Owners(Struct, frozen=True, kw_only=True):
    """Who stands behind a party; `proofs` are of `control`, then of `beneficial`, in order."""
    party: str
    name: str | None
    holders: tuple[Holder, ...]
    control: tuple[Control, ...]
    beneficial: tuple[Owner, ...]
    proofs: tuple[Proved, ...]
    findings: tuple[str, ...]


class PartyLine(Struct, frozen=True, kw_only=True):
    """A firm in a list. What tells of a person is masked by role.

    Attributes:
        party: Code.
        name: None where no fact says; so are the others.
        type: person, company, ...
        industry: In the source's words.
        region: In the source's words.
        uscc: Unified social credit code.
        outcome: Of its decision; None: the run decided nothing.
        limit_minor: Offered, minor units.
        rate: A year.
        rating: Class.
        decision_id: Of the decision.
    """
    party: str
    name: str | None
    type: str | None
    industry: str | None
    region: str | None
    uscc: str | None
    outcome: DecisionOutcome | None | UnsetType = UNSET
    limit_minor: int | None | UnsetType = UNSET
    rate: str | None | UnsetType = UNSET
    rating: str | None | UnsetType = UNSET
    decision_id: str | None | UnsetType = UNSET


class PartyPage(Struct, frozen=True, kw_only=True):
    """Some firms; `next` is None on the last page."""
    items: tuple[PartyLine, ...]
    total: int
    next: str | None


class Password(Struct, frozen=True, kw_only=True):
    """A password for the next sign-in, told only now.

    Attributes:
        password: To be changed at the sign-in.
        waiting: Whether roles were taken away until another administrator gives them back.
    """
    password: str
    waiting: bool


class PayoutLine(Struct, frozen=True, kw_only=True):
    """A payout, or another act that a second person approves. Times are microseconds since 1970.

    `state` is asked, approving, done or rejected; who decided is None while nobody has.
    """
    number: int
    contract: str
    party: str
    act: str
    amount_minor: int
    currency: str
    key: str
    asked_by: str
    asked: int
    state: PayoutState
    decided_by: str | None
    decided: int | None
    note: str


class PayoutPage(Struct, frozen=True, kw_only=True):
    """Some payouts, newest first; `next` is None on the last page."""
    items: tuple[PayoutLine, ...]
    next: str | None


class PlaceTold(Struct, frozen=True, kw_only=True):
    """A partition: where it is read on, and how many offsets are ahead; None: not heard yet."""
    topic: str
    partition: int
    position: int
    lag: int | None


class Points(Struct, frozen=True, kw_only=True):
    """What one reason added to the score; negative is worse."""
    reason: str
    points: float


class PolicyHistory(Struct, frozen=True, kw_only=True):
    """A policy with all that was done with it.

    Attributes:
        name: Its name.
        in_force: The version that decides now; None: the pack's own files do.
        planned: The version that decides after the last start that is planned; None: none is.
        beside: Challengers and shadows that stand beside the version in force.
        versions: In order.
        acts: In order, each with its digest and that of the act before it.
        head: Number and digest of the last act of the store, to be noted elsewhere.
    """
    name: str
    in_force: int | None
    planned: int | None
    beside: tuple[BesideLine, ...]
    versions: tuple[VersionLine, ...]
    acts: tuple[dict[str, Any], ...]
    head: tuple[int, str]


class PolicyLine(Struct, frozen=True, kw_only=True):
    """A policy in a list.

    Attributes:
        name: Its name.
        title: For people.
        in_force: The version that decides now; None: the pack's own files do.
        last: The last version; 0: there is none yet.
        open: Versions that nobody has judged.
    """
    name: str
    title: Text
    in_force: int | None
    last: int
    open: tuple[int, ...]


class PoolDetail(Struct, frozen=True, kw_only=True):
    """A pool with its events."""
    simulated: bool
    pool: PoolLine
    days: tuple[dict[str, Any], ...]


class PoolLine(Struct, frozen=True, kw_only=True):
    """A pool: its scheme, and how it stands after its last event; None where nothing happened."""
    scheme: str
    en: str
    zh: str
    events: int
    refused: int
    money_minor: int | None
    outstanding_minor: int | None


class Pools(Struct, frozen=True, kw_only=True):
    """All pools."""
    simulated: bool
    items: tuple[PoolLine, ...]


class Position(Struct, frozen=True, kw_only=True):
    """An exposure that is open."""
    fact: str
    product: str | None
    amount_minor: int
    deductible_minor: int | None
    currency: str | None
    since: datetime.datetime | None


class PostingLine(Struct, frozen=True, kw_only=True):
    """A line of an account: a debit or a credit, the other is None; balance after it."""
    entry: int
    id: str
    on: datetime.date
    known_at: datetime.datetime
    other_account: str
    debit_minor: int | None
    credit_minor: int | None
    balance_minor: int
    backdated: bool
    contract: str
    memo: str


class PostingPage(Struct, frozen=True, kw_only=True):
    """Some lines of an account, by day; `next` is None on the last page."""
    account: str
    opening_minor: int
    closing_minor: int
    items: tuple[PostingLine, ...]
    next: str | None


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong, for one request.

    Attributes:
        status: Of HTTP.
        title: The same for all problems of a type.
        detail: What was wrong this time.
        where: The field or thing; empty where there is only one place it can be.
        remedy: What would be right; empty where there is nothing to be done.
        errors: Each wrong field, of a request that does not fit.
        type: A name of the kind of problem; `about:blank` says no more than the status.
    """
    status: int
    title: str
    detail: str = ''
    where: str = ''
    remedy: str = ''
    errors: tuple[dict[str, str], ...] | UnsetType = UNSET
    type: str = 'about:blank'


class Proposed(Struct, frozen=True, kw_only=True):
    """A version to be submitted: what was written, and why."""
    comment: str
    base: int = 0
    files: dict[str, str] | UnsetType = UNSET
    tables: dict[str, tuple[tuple[str, ...], ...]] | UnsetType = UNSET


class Proved(Struct, frozen=True, kw_only=True):
    """Steps in words and the facts they rest on."""
    lines: tuple[str, ...]
    facts: tuple[str, ...]


class QuarantineHeld(Struct, frozen=True, kw_only=True):
    """A message that could not be used, or a row of one.

    Attributes:
        topic: Where it came from.
        partition: Of the topic.
        offset: In the partition.
        row: Of a message that is an Arrow stream, from 0; None: the whole message.
        value: What came, up to `VALUE_SHOWN` characters; None where it had no value.
        reason: Why it could not be used.
    """
    topic: str
    partition: int
    offset: int
    row: int | None
    value: str | None
    reason: str


class QuarantineTold(Struct, frozen=True, kw_only=True):
    """Messages of Kafka that could not be used, newest first."""
    items: tuple[QuarantineHeld, ...]


class RateParts(Struct, frozen=True, kw_only=True):
    """Where a rate goes, per yuan taken up over the term, and what the next rates would bring.

    Attributes:
        funding: Cost of the money.
        expected_loss: pd * lgd.
        interest_forgone: Interest that is not paid by those who default, pd * rate * years.
        margin: What is left: rate * years - funding - expected_loss - interest_forgone.
        offered: The rate, its take-up and the expected profit of the loan.
        cheaper: The next lower rate on offer; None if this is the lowest.
        dearer: The next higher; None if this is the highest.
    """
    funding: float
    expected_loss: float
    interest_forgone: float
    margin: float
    offered: Alternative
    cheaper: Alternative | None
    dearer: Alternative | None


class Receipt(Struct, frozen=True, kw_only=True):
    """Evidence for one decision that stands on its own.

    Attributes:
        decision_id: The decision it is about, as the record also says.
        record: The record of the decision, the exact line.
        salt: Hexadecimal; with the record it makes the commitment.
        entry: The log entry that holds the commitment, the exact line.
        index: The place of that entry in the log, from 0.
        proof: Inclusion proof, hashes in hexadecimal, from leaf to root.
        checkpoint: The signed text of the log's size and root.
    """
    decision_id: str
    record: str
    salt: str
    entry: str
    index: int
    proof: tuple[str, ...]
    checkpoint: str


class ReceiptVerdict(Struct, frozen=True, kw_only=True):
    """Whether a receipt proves its decision.

    Attributes:
        holds: Whether it does.
        decision_id: Which decision.
        fingerprint: Of the key that it was verified with.
        problem: What does not hold; None where all does.
    """
    holds: bool
    decision_id: str
    fingerprint: str
    problem: Finding | None


class Reference(Struct, frozen=True, kw_only=True):
    """What a note rests on: an id, of a file its SHA-256."""
    kind: Evidence
    id: str


class Rejection(Struct, frozen=True, kw_only=True):
    """Why somebody says no."""
    note: str


class RemarkShown(Struct, frozen=True, kw_only=True):
    """One thing that is wrong (`refused`) or odd; rows and column say where in the file."""
    severity: str
    code: str
    file: str
    rows: tuple[int, ...]
    column: str
    problem: Text
    remedy: Text
    case: str


class Reopen(Struct, frozen=True, kw_only=True):
    """Why."""
    comment: str
    events_seen: int | None | UnsetType = UNSET


class ReplayAnswer(Struct, frozen=True, kw_only=True):
    """A decision made again from the log.

    Attributes:
        decisions: How many were made again: of all arms, of this event.
        differ: How many came out differently, to the byte.
        causes: Why, in words.
        differences: Field, as recorded, as made again.
    """
    decisions: int
    differ: int
    causes: tuple[str, ...]
    differences: tuple[tuple[str, str, str], ...]


class Replayed(Struct, frozen=True, kw_only=True):
    """Whether deciding again gave the same bytes."""
    application_id: str
    same: bool


class ReportColumn(Struct, frozen=True, kw_only=True):
    """A column; `measure` is count, money (minor units), share, rate, tonnes or text."""
    name: str
    text: Text
    measure: str


class ReportFound(Struct, frozen=True, kw_only=True):
    """A report; `limits` tells what the facts do not hold."""
    name: str
    text: Text
    as_of: datetime.date
    currency: str
    definition: Text
    sources: tuple[ReportSource, ...]
    limits: tuple[Text, ...]
    sections: tuple[ReportSection, ...]


class ReportLine(Struct, frozen=True, kw_only=True):
    """A report in the list."""
    name: str
    text: Text


class ReportRow(Struct, frozen=True, kw_only=True):
    """A row: a cell for each column, None where the facts do not say; how many contracts it is."""
    name: str
    text: Text
    cells: tuple[int | float | Text | None, ...]
    contracts: int


class ReportSection(Struct, frozen=True, kw_only=True):
    """A table of a report."""
    name: str
    text: Text
    columns: tuple[ReportColumn, ...]
    rows: tuple[ReportRow, ...]


class ReportSource(Struct, frozen=True, kw_only=True):
    """Where a definition is from; `was_read`: whether the authors read the text itself."""
    text: Text
    was_read: bool


class Ring(Struct, frozen=True, kw_only=True):
    """Parties that met over things, or dealt, more closely than chance."""
    ring: int
    pattern: str
    parties: tuple[str, ...]
    things: tuple[str, ...]
    density: float
    share: float
    circles: int
    closed_by: str | None
    facts: tuple[str, ...]


class RolesSet(Struct, frozen=True, kw_only=True):
    """Whether roles are given, or wait until another administrator grants them."""
    waiting: bool


class Room(Struct, frozen=True, kw_only=True):
    """A limit, what is used of it, and what is left; None where the capital is not known."""
    limit: str
    limit_en: str
    limit_zh: str
    head: str | None
    capital: str
    limit_minor: int | None
    used_minor: int
    room_minor: int | None


class Row(Struct, frozen=True, kw_only=True):
    """A rule: its row in the file, and its cells as they are written."""
    row: int
    cells: tuple[str, ...]


class RowProblem(Struct, frozen=True, kw_only=True):
    """Why one event was not taken in.

    Attributes:
        row: Its place in what was sent, from 0.
        problem: What was wrong.
        where: The field; empty where it is the event as a whole.
        remedy: What would be right.
    """
    row: int
    problem: str
    where: str = ''
    remedy: str = ''


class RuleFired(Struct, frozen=True, kw_only=True):
    """A policy rule that spoke.

    Attributes:
        table: Name of the decision table.
        row: Its row in the spreadsheet.
        text: What the rule asks, in one line.
    """
    table: str
    row: int
    text: str


class RunVerdict(Struct, frozen=True, kw_only=True):
    """What came of checking every byte of the run's folder."""
    holds: bool
    entries: int
    decisions_proved: int
    files_checked: int
    root: str
    signed_by: str | None
    seconds: float
    problems: tuple[Finding, ...]


class SealState(Struct, frozen=True, kw_only=True):
    """The last seal of the audit.

    Attributes:
        number: How many seals there are.
        at: When the last one was made, in microseconds since 1970; None where there is none.
        checkpoint: Signed: lines sealed in all, and the root over them; empty where there is none.
        unsealed: Lines since.
        key: The verifier key, one line.
    """
    number: int
    at: int | None
    checkpoint: str
    unsealed: int
    key: str


class SessionList(Struct, frozen=True, kw_only=True):
    """All of them, the last used first."""
    items: tuple[OpenSession, ...]


class Sheet(Struct, frozen=True, kw_only=True):
    """A balance sheet; totals by currency, equity with the profit not yet closed."""
    as_of: datetime.date
    balanced: bool
    assets_minor: dict[str, int]
    liabilities_minor: dict[str, int]
    equity_minor: dict[str, int]
    profit_minor: dict[str, int]
    lines: tuple[SheetLine, ...]


class SheetLine(Struct, frozen=True, kw_only=True):
    """A line of the balance sheet; `kind` is asset, liability, equity or off_balance."""
    kind: str
    code: str
    name_en: str
    name_zh: str
    currency: str
    amount_minor: int


class Step(Struct, frozen=True, kw_only=True):
    """One relation of a path, with its fact; times are ISO 8601."""
    relation: str
    subject: str
    subject_name: str | None
    object: str
    object_name: str | None
    role: str | None
    about: str | None
    share: tuple[float, float] | None
    amount_minor: int | None
    since: str | None
    until: str | None
    fact: str


class TableShown(Struct, frozen=True, kw_only=True):
    """A decision table."""
    name: str
    file: str
    hit_policy: str
    title: Text
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


class TableTold(Struct, frozen=True, kw_only=True):
    """How often the rules of one version of a table spoke in the last seven days of events.

    Attributes:
        table: Its name.
        digest: Of the version.
        asked: Cases it was asked about.
        silent: Of these, cases in which no rule was met.
        spoke: By rule, from the first: cases in which it spoke.
        asked_before: Cases of the days before; 0 where there are none.
        spoke_before: By rule, in those.
        findings: What is odd or has changed.
    """
    table: str
    digest: str
    asked: int
    silent: int
    spoke: tuple[int, ...]
    asked_before: int
    spoke_before: tuple[int, ...]
    findings: tuple[FindingTold, ...]


class Task(Struct, frozen=True, kw_only=True):
    """A firm that a manager has yet to go to.

    Attributes:
        firm: Where.
        last: What came of it the last time; None: nobody went yet.
        times: How often somebody went.
        due: Whether the day to come again has come.
    """
    firm: Listed
    last: Visit | None
    times: int
    due: bool


class Text(Struct, frozen=True, kw_only=True):
    """One thing said to people, in both languages."""
    en: str
    zh: str


class ToVerify(Struct, frozen=True, kw_only=True):
    """A receipt to be verified.

    Attributes:
        receipt: As it was handed out.
        key: The lender's verifier key, one line; empty: of the run that is here.
    """
    receipt: GivenReceipt
    key: str = ''


class Trace(Struct, frozen=True, kw_only=True):
    """Where a loan went; `whole` is false where the work was cut off."""
    borrower: str
    amount_minor: int
    returned_minor: int
    whole: bool
    steps: tuple[TraceStep, ...]
    ends: tuple[TraceEnd, ...]


class TraceEnd(Struct, frozen=True, kw_only=True):
    """Where money of the loan ended, and why it went no further."""
    party: str
    end: str
    traced_minor: int


class TraceStep(Struct, frozen=True, kw_only=True):
    """A transfer that carried the loan's money."""
    step: int
    payer: str
    payee: str
    time: int
    amount_minor: int
    traced_minor: int
    hops: int
    fact: str


class TrialAsked(Struct, frozen=True, kw_only=True):
    """A trial: a version, or what is being written from it, against another.

    Attributes:
        version: Tried, with `files` in place of its own; None: the last.
        files: Texts by name.
        against: The version it is set beside; None: the one in force.
    """
    version: int | None | UnsetType = UNSET
    files: dict[str, str] | UnsetType = UNSET
    against: int | None | UnsetType = UNSET


class TrialLine(Struct, frozen=True, kw_only=True):
    """A trial in a list; `at` is in microseconds since 1970, UTC."""
    id: str
    digest: str
    against: int
    by: str
    at: int
    cases: int
    changed: int


class TriedAgain(Struct, frozen=True, kw_only=True):
    """How many messages are due again."""
    count: int


class Version(Struct, frozen=True, kw_only=True):
    """What was in force: a table, the scorecard, the code.

    Attributes:
        name: Such as `table:access`, `scorecard`, `code`.
        digest: SHA-256 in hex, or a version's name.
    """
    name: str
    digest: str


class VersionLine(Struct, frozen=True, kw_only=True):
    """A version with what became of it; `at` is in microseconds since 1970, UTC."""
    version: int
    state: str
    author: str
    comment: str
    at: int
    digest: str


class VersionShown(Struct, frozen=True, kw_only=True):
    """A version with its files and tables.

    Attributes:
        version: Its line; None for the pack's own files.
        digest: Of what it means.
        files: SHA-256 by name.
        tables: Those that it asks.
    """
    version: VersionLine | None
    digest: str
    files: dict[str, str]
    tables: tuple[TableShown, ...]


class Visit(Struct, frozen=True, kw_only=True):
    """What came of going there once.

    Attributes:
        id: Chosen by the phone, so that a visit that is sent twice counts once.
        list: Id of the list.
        party: Code of the firm.
        result: One of `RESULTS`.
        note: For colleagues.
        next_day: ISO day to come again; empty: none.
        visited: When, by the phone, microseconds since 1970.
        by: Who went.
        at: When it was received.
    """
    id: str
    list: str
    party: str
    result: str
    note: str
    next_day: str
    visited: int
    by: str
    at: int


class VisitRequest(Struct, frozen=True, kw_only=True):
    """What came of a visit.

    Attributes:
        id: Chosen by the phone: sent twice, it counts once.
        list: Id of the list.
        party: Code of the firm.
        result: met, not_met, refused, interested or applied.
        note: For colleagues.
        next_day: ISO day to come again; empty: none.
        visited: When, microseconds since 1970; None: now.
    """
    id: str
    list: str
    party: str
    result: str
    note: str = ''
    next_day: str = ''
    visited: int | None | UnsetType = UNSET


class Vouchers(Struct, frozen=True, kw_only=True):
    """Papers, their live pieces, and acts that were refused."""
    simulated: bool
    papers: tuple[dict[str, Any], ...]
    pieces: tuple[dict[str, Any], ...]
    refused: tuple[dict[str, Any], ...]


class Waiting(Struct, frozen=True, kw_only=True):
    """Roles that wait for a second person."""
    number: int
    user: str
    roles: tuple[str, ...]
    asked_by: str
    asked: int


class WaitingList(Struct, frozen=True, kw_only=True):
    """All that wait, the oldest first."""
    items: tuple[Waiting, ...]


class Warehouse(Struct, frozen=True, kw_only=True):
    """Receipts that live, how pledges are covered, and events that were refused."""
    simulated: bool
    receipts: tuple[dict[str, Any], ...]
    covers: tuple[dict[str, Any], ...]
    refused: tuple[dict[str, Any], ...]


class WhatIf(Struct, frozen=True, kw_only=True):
    """Who fails, and what facts do not say: see the guide on contagion.

    Attributes:
        failed: Codes.
        buffer: What each firm has beyond its debts, as a share of its yearly sales.
        margin: What a lost customer costs, as a share of the year's sales to it.
        recovery: What is left of who fails, 0 to 1.
        day: The day asked about; None: that of the run.
        known_by: The day of knowledge; None: `day`.
    """
    failed: tuple[str, ...]
    buffer: float = 0.05
    margin: float = 0.1
    recovery: float = 0.5
    day: datetime.date | None | UnsetType = UNSET
    known_by: datetime.date | None | UnsetType = UNSET


class Whole(Struct, frozen=True, kw_only=True):
    """Everything about a firm, in short; each part is longer under its own address.

    Attributes:
        party: Who it is.
        run: Digest of the run.
        as_of: The day of the decision.
        currency: Of amounts.
        described: Facts of kind party, the newest first.
        exposure_minor: What the bank has at risk, minor units.
        cases: Numbers of cases about it; for who may see them.
        links: Addresses of features, facts, exposure, decision and receipt.
    """
    party: PartyLine
    run: str
    as_of: datetime.date | None
    currency: str
    described: tuple[dict[str, Any], ...]
    exposure_minor: int
    cases: tuple[int, ...]
    links: dict[str, str]


class WithdrawBody(Struct, frozen=True, kw_only=True):
    """From when on; None: from now."""
    since: datetime.datetime | None | UnsetType = UNSET


class Withdrawn(Struct, frozen=True, kw_only=True):
    """A consent on which nothing rests any more from `since` on, microseconds since 1970."""
    consent: str
    since: int


class Written(Struct, frozen=True, kw_only=True):
    """A policy that is being written.

    Attributes:
        base: The version it was begun from; 0: the pack's own files.
        files: Texts in place of the version's, by name; a blank one takes the file away.
        tables: Tables as rows of cells, as they stand in a CSV, by name; instead of their files.
    """
    base: int = 0
    files: dict[str, str] | UnsetType = UNSET
    tables: dict[str, tuple[tuple[str, ...], ...]] | UnsetType = UNSET


CasesOutcome: TypeAlias = Literal['fraud', 'genuine', 'unclear']


CasesState: TypeAlias = Literal['open', 'in_review', 'closed']


DecisionOutcome: TypeAlias = Literal['approve', 'refer', 'decline']


Evidence: TypeAlias = Literal['decision', 'fact', 'file']


Mode: TypeAlias = Literal['challenger', 'shadow']


PayoutState: TypeAlias = Literal['asked', 'approving', 'done', 'rejected']


StatusInput: TypeAlias = Literal['agreed', 'open', 'closed', 'written_off']


StatusOutput: TypeAlias = Literal['queued', 'running', 'done', 'failed', 'cancelled']


class Client(Transport):
    """Everything the API can do; each method is one operation of its document."""

    def act_on_contract(self, contract: str, body: LoansAct) -> Acted:
        """Record what one person may: money that comes in, and what makes a loan stricter.

        Permission `payout`: Ask for a payout or another act on a contract.
        """
        request = Request("POST", filled("/api/v1/contracts/{contract}/acts", contract=contract), body=body)
        return self.ask(request, Acted)


    def add_job(self, body: JobAsked, *, idempotency_key: str | None = None) -> JobAdded:
        """Ask for a job. The same `Idempotency-Key` of the same user gives the same job.

        Permission `jobs`: Long work: start, follow, cancel.
        """
        request = Request("POST", "/api/v1/jobs", headers={"idempotency-key": idempotency_key}, body=body)
        return self.ask(request, JobAdded)


    def add_key(self, body: NewKey) -> MadeKey:
        """Make a key for a program.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", "/api/v1/keys", body=body)
        return self.ask(request, MadeKey)


    def add_to_policy_list(self, body: EntryGiven) -> dict[str, Any]:
        """Record an entry; it holds from its start on and is never changed, only followed.

        Permission `policy_write`: Write policies, try them on history, submit them.
        """
        request = Request("POST", "/api/v1/policy-lists", body=body)
        return self.ask(request, dict[str, Any])


    def add_user(self, body: NewAccount) -> MadeAccount:
        """Make a user; roles that decide about policies, money or accounts wait for a second person.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", "/api/v1/users", body=body)
        return self.ask(request, MadeAccount)


    def add_webhook(self, body: HookAsked) -> HookAdded:
        """Tell somebody from now on; the secret is shown now and never again.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", "/api/v1/webhooks", body=body)
        return self.ask(request, HookAdded)


    def alerts(self, *, cursor: str | None = None, limit: int | None = None) -> AlertPage:
        """Alerts, the newest first; what comes in meanwhile may show one twice on two pages.

        Permission `cases`: See alerts and cases.
        """
        request = Request("GET", "/api/v1/alerts", query={"cursor": cursor, "limit": limit})
        return self.ask(request, AlertPage)


    def application(self, application_id: str) -> ApplicationAnswer:
        """One application.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", filled("/api/v1/applications/{application_id}", application_id=application_id))
        return self.ask(request, ApplicationAnswer)


    def application_explanation(self, application_id: str) -> Any:
        """All of the record, to the byte what evidence commits to: features, points, rules, prices.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", filled("/api/v1/applications/{application_id}/explanation", application_id=application_id))
        return self.ask(request, object)


    def application_receipt(self, application_id: str) -> Any:
        """Proof of one application, to be given to the firm; `headrace verify --receipt` checks it.

        Permission `evidence`: Proofs, receipts and their verification.
        """
        request = Request("GET", filled("/api/v1/applications/{application_id}/receipt", application_id=application_id))
        return self.ask(request, object)


    def application_replay(self, application_id: str) -> Replayed:
        """Decide again by the same facts, card, policy and prices, and compare the bytes.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", filled("/api/v1/applications/{application_id}/replay", application_id=application_id))
        return self.ask(request, Replayed)


    def applications(self, *, party: str | None = None, cursor: str | None = None, limit: int | None = None) -> ApplicationPage:
        """Applications and what became of them, newest first.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", "/api/v1/applications", query={"party": party, "cursor": cursor, "limit": limit})
        return self.ask(request, ApplicationPage)


    def apply(self, body: ApplicationRequest) -> ApplicationAnswer:
        """Decide on one firm now. Sent again under the same id, it gives the same answer.

        Permission `apply`: Ask for a decision on a firm or an event.
        """
        request = Request("POST", "/api/v1/applications", body=body)
        return self.ask(request, ApplicationAnswer)


    def approve_payout(self, number: int) -> PayoutLine:
        """Approve as a second person: the money goes out on the ledger.

        Permission `payout_approve`: Approve a payout that somebody else asked for.
        """
        request = Request("POST", filled("/api/v1/payouts/{number}/approve", number=number))
        return self.ask(request, PayoutLine)


    def ask_contract(self, application_id: str, body: ContractRequest) -> PayoutLine:
        """Ask for the contract of an approved application; a second person signs it as a payout.

        Permission `payout`: Ask for a payout or another act on a contract.
        """
        request = Request("POST", filled("/api/v1/applications/{application_id}/contract", application_id=application_id), body=body)
        return self.ask(request, PayoutLine)


    def ask_payout(self, contract: str, body: LoansAct) -> PayoutLine:
        """Ask for what a second person has to approve: payout, draw, refund, extension, write-off.

        Permission `payout`: Ask for a payout or another act on a contract.
        """
        request = Request("POST", filled("/api/v1/contracts/{contract}/payouts", contract=contract), body=body)
        return self.ask(request, PayoutLine)


    def assign_area(self, list_id: str, body: AreaRequest) -> Assigned:
        """Give an area of a list to somebody.

        Permission `visit_assign`: Make visit lists and assign areas.
        """
        request = Request("POST", filled("/api/v1/visit-lists/{list_id}/areas", list_id=list_id), body=body)
        return self.ask(request, Assigned)


    def audit(self, *, who: str | None = None, act: str | None = None, about: str | None = None, since: int | None = None, until: int | None = None, cursor: str | None = None, limit: int | None = None) -> AuditPage:
        """Who did and read what, newest first.

        Permission `audit`: The audit: who did and read what.
        """
        request = Request("GET", "/api/v1/audit", query={"who": who, "act": act, "about": about, "since": since, "until": until, "cursor": cursor, "limit": limit})
        return self.ask(request, AuditPage)


    def audit_seal(self) -> SealState:
        """The last seal of the audit, to be kept elsewhere.

        Permission `audit`: The audit: who did and read what.
        """
        request = Request("GET", "/api/v1/audit/seal")
        return self.ask(request, SealState)


    def balance_sheet(self, *, as_of: datetime.date | None = None) -> Sheet:
        """Assets, liabilities, equity, and what is off the balance sheet: sums, no firm.

        Permission `book`: Figures of the book: sums and shares, no firm.
        """
        request = Request("GET", "/api/v1/ledger/balance-sheet", query={"as_of": as_of})
        return self.ask(request, Sheet)


    def cancel_job(self, job_id: str) -> JobView:
        """End one's own job, or any as an administrator; one that runs is killed within two seconds.

        Permission `jobs`: Long work: start, follow, cancel.
        """
        request = Request("POST", filled("/api/v1/jobs/{job_id}/cancel", job_id=job_id))
        return self.ask(request, JobView)


    def case(self, number: int) -> CaseTold:
        """A case; the ETag changes with every event.

        Permission `cases`: See alerts and cases.
        """
        request = Request("GET", filled("/api/v1/cases/{number}", number=number))
        return self.ask(request, CaseTold)


    def case_action(self, number: int, body: CasesAct) -> CaseTold:
        """Freeze, step up or release: it holds from the next decision on.

        Permission `case_work`: Work cases: assign, note, act, close.
        """
        request = Request("POST", filled("/api/v1/cases/{number}/action", number=number), body=body)
        return self.ask(request, CaseTold)


    def case_assign(self, number: int, body: Assign) -> CaseTold:
        """Give a case to somebody; it is in review from then on.

        Permission `case_work`: Work cases: assign, note, act, close.
        """
        request = Request("POST", filled("/api/v1/cases/{number}/assign", number=number), body=body)
        return self.ask(request, CaseTold)


    def case_close(self, number: int, body: Close) -> CaseTold:
        """Say what a case was; only its owner may.

        Permission `case_work`: Work cases: assign, note, act, close.
        """
        request = Request("POST", filled("/api/v1/cases/{number}/close", number=number), body=body)
        return self.ask(request, CaseTold)


    def case_next(self) -> CaseTold:
        """Take the most urgent case that nobody works; 404 where there is none.

        Permission `case_work`: Work cases: assign, note, act, close.
        """
        request = Request("POST", "/api/v1/cases/next")
        return self.ask(request, CaseTold)


    def case_note(self, number: int, body: Note) -> CaseTold:
        """Say something about a case, and what it rests on.

        Permission `case_work`: Work cases: assign, note, act, close.
        """
        request = Request("POST", filled("/api/v1/cases/{number}/note", number=number), body=body)
        return self.ask(request, CaseTold)


    def case_reopen(self, number: int, body: Reopen) -> CaseTold:
        """Look at a closed case again; its clock starts anew.

        Permission `case_work`: Work cases: assign, note, act, close.
        """
        request = Request("POST", filled("/api/v1/cases/{number}/reopen", number=number), body=body)
        return self.ask(request, CaseTold)


    def cases(self, *, cursor: str | None = None, limit: int | None = None, state: CasesState | None = None, owner: str | None = None, customer: str | None = None, overdue: bool | None = None, severity: str | None = None) -> CasePage:
        """Cases; without `state` those that are not closed.

        Permission `cases`: See alerts and cases.
        """
        request = Request("GET", "/api/v1/cases", query={"cursor": cursor, "limit": limit, "state": state, "owner": owner, "customer": customer, "overdue": overdue, "severity": severity})
        return self.ask(request, CasePage)


    def check_audit(self, body: AuditToVerify) -> AuditVerdict:
        """Read every line of the audit again, and compare it with what was sealed.

        Permission `audit`: The audit: who did and read what.
        """
        request = Request("POST", "/api/v1/audit/check", body=body)
        return self.ask(request, AuditVerdict)


    def check_evidence(self) -> RunVerdict:
        """Check every byte of the run's folder against its evidence.

        Permission `evidence`: Proofs, receipts and their verification.
        """
        request = Request("POST", "/api/v1/evidence/check")
        return self.ask(request, RunVerdict)


    def collateral(self) -> Marked:
        """Every pledged loan at the last day's prices: calm, warned, called, or to be sold.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", "/api/v1/collateral")
        return self.ask(request, Marked)


    def collateral_of(self, loan: str) -> Marked:
        """One pledged loan and its pieces.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", filled("/api/v1/collateral/{loan}", loan=loan))
        return self.ask(request, Marked)


    def compare_rollout(self, name: str, number: int) -> dict[str, str]:
        """Compare what a challenger or shadow decided with the champion: a job, whose id is a trial's.

        Its figures have a part `rollout`: what each did with what it decided.

        Permission `policy_write`: Write policies, try them on history, submit them.
        """
        request = Request("POST", filled("/api/v1/policies/{name}/versions/{number}/comparisons", name=name, number=number))
        return self.ask(request, dict[str, str])


    def consent_withdraw(self, consent: str, body: WithdrawBody | None) -> Withdrawn:
        """Withdraw a consent: what rests on it is shown to nobody from then on. For good.

        Permission `facts`: Send facts in.
        """
        request = Request("POST", filled("/api/v1/consents/{consent}/withdraw", consent=consent), body=body)
        return self.ask(request, Withdrawn)


    def consistency_proof(self, *, from_: int, to: int | None = None) -> Consistency:
        """That the log was only added to between two sizes.

        Permission `evidence`: Proofs, receipts and their verification.
        """
        request = Request("GET", "/api/v1/evidence/proofs/consistency", query={"from": from_, "to": to})
        return self.ask(request, Consistency)


    def contract(self, contract: str, *, on: datetime.date | None = None) -> ContractDetail:
        """One contract: how it stands, terms, what is to come, what happened, what clears it.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", filled("/api/v1/contracts/{contract}", contract=contract), query={"on": on})
        return self.ask(request, ContractDetail)


    def contracts(self, *, grade: Literal['normal', 'special_mention', 'substandard', 'doubtful', 'loss'] | None = None, status: StatusInput | None = None, party: str | None = None, cursor: str | None = None, limit: int | None = None) -> ContractPage:
        """Contracts of the book, a page at a time; of borrowers that one may know of.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", "/api/v1/contracts", query={"grade": grade, "status": status, "party": party, "cursor": cursor, "limit": limit})
        return self.ask(request, ContractPage)


    def decide(self, body: dict[str, Any]) -> LiveAnswer:
        """Decide an event; an event of an id that came before gets the answer it got then.

        Permission `apply`: Ask for a decision on a firm or an event.
        """
        request = Request("POST", "/api/v1/decisions", body=body)
        return self.ask(request, LiveAnswer)


    def decide_batch(self, content: bytes, *, content_type: Literal['application/json', 'application/x-ndjson', 'application/vnd.apache.arrow.stream']) -> BatchAnswer:
        """Decide many events, in order; of those that cannot be used it is said why.

        Permission `apply`: Ask for a decision on a firm or an event.
        """
        request = Request("POST", "/api/v1/decisions/batch", body=content, content_type=content_type)
        return self.ask(request, BatchAnswer)


    def decision(self, decision_id: str) -> Decision:
        """One decision: its canonical bytes, of which the ETag is the SHA-256.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", filled("/api/v1/decisions/{decision_id}", decision_id=decision_id))
        return self.ask(request, Decision)


    def decisions(self, *, outcome: DecisionOutcome | None = None, cursor: str | None = None, limit: int | None = None) -> DecisionPage:
        """Decisions of the run, a page at a time; of firms that one may know of.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", "/api/v1/decisions", query={"outcome": outcome, "cursor": cursor, "limit": limit})
        return self.ask(request, DecisionPage)


    def discard_policy_draft(self, name: str) -> None:
        """Forget your draft.

        Permission `policy_write`: Write policies, try them on history, submit them.
        """
        request = Request("DELETE", filled("/api/v1/policies/{name}/draft", name=name))
        self.fetch(request)


    def double_pledges(self, *, lang: str | None = None) -> DoublePledges:
        """Is what is asked to be financed financed already?

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", "/api/v1/double-pledges", query={"lang": lang})
        return self.ask(request, DoublePledges)


    def end_book_day(self, body: DayEnd) -> DaysEnded:
        """End days of the book: interest of the night, what falls due, classes at a month's end.

        Permission `payout_approve`: Approve a payout that somebody else asked for.
        """
        request = Request("POST", "/api/v1/book/end-day", body=body)
        return self.ask(request, DaysEnded)


    def end_session(self, session: str) -> Done:
        """Sign a browser out.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", filled("/api/v1/sessions/{session}/end", session=session))
        return self.ask(request, Done)


    def evidence(self) -> LogState:
        """The log of the run: size, root, what was signed and with which key.

        Permission `evidence`: Proofs, receipts and their verification.
        """
        request = Request("GET", "/api/v1/evidence")
        return self.ask(request, LogState)


    def facts_batches(self, *, cursor: str | None = None, limit: int | None = None) -> BatchPage:
        """Batches that were taken, newest first.

        Permission `facts`: Send facts in.
        """
        request = Request("GET", "/api/v1/facts", query={"cursor": cursor, "limit": limit})
        return self.ask(request, BatchPage)


    def facts_quarantine(self, batch: str) -> bytes:
        """Why rows of a batch are no facts: row, column, value, rule, reason; for a spreadsheet.

        Permission `facts`: Send facts in.
        """
        request = Request("GET", filled("/api/v1/facts/batches/{batch}/quarantine", batch=batch))
        return self.fetch(request)


    def facts_read(self, kind: str, *, cursor: str | None = None, limit: int | None = None, party: str, from_: datetime.datetime | None = None, to: datetime.datetime | None = None, known_by: datetime.datetime | None = None) -> FactPage:
        """Facts about a party, as far as they were known at a time; Arrow where Accept says so.

        Permission `firms`: A firm: its facts, features, scores, exposure and people.
        """
        request = Request("GET", filled("/api/v1/facts/{kind}", kind=kind), query={"cursor": cursor, "limit": limit, "party": party, "from": from_, "to": to, "known_by": known_by})
        return self.ask(request, FactPage)


    def facts_send(self, kind: str, content: bytes, *, idempotency_key: str | None = None, content_type: Literal['application/vnd.apache.arrow.stream', 'application/vnd.apache.parquet', 'text/csv', 'application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/json', 'text/json']) -> FactBatch:
        """Send facts, one or a million; they are durable when this answers.

        The same under the same Idempotency-Key gives the same answer and changes nothing. A fact whose
        source and id were taken before is a duplicate, whatever else it says.

        Permission `facts`: Send facts in.
        """
        request = Request("POST", filled("/api/v1/facts/{kind}", kind=kind), headers={"idempotency-key": idempotency_key}, body=content, content_type=content_type)
        return self.ask(request, FactBatch)


    def grant_roles(self, number: int) -> Done:
        """Give roles that another administrator asked to give.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", filled("/api/v1/role-requests/{number}/grant", number=number))
        return self.ask(request, Done)


    def graph_circles(self, *, day: datetime.date | None = None, known_by: datetime.date | None = None) -> tuple[Circle, ...]:
        """Guarantee circles (担保圈).

        Permission `graph`: Ask the relation graph.
        """
        request = Request("GET", "/api/v1/graph/circles", query={"day": day, "known_by": known_by})
        return self.ask(request, tuple[Circle, ...])


    def graph_contagion(self, body: WhatIf) -> Contagion:
        """What if some parties fail: who loses how much, along which relations. Nothing is changed.

        Permission `graph`: Ask the relation graph.
        """
        request = Request("POST", "/api/v1/graph/contagion", body=body)
        return self.ask(request, Contagion)


    def graph_controls(self, *, cursor: str | None = None, limit: int | None = None, day: datetime.date | None = None, known_by: datetime.date | None = None) -> ControlPage:
        """Every pair of controller and controlled.

        Permission `graph`: Ask the relation graph.
        """
        request = Request("GET", "/api/v1/graph/controls", query={"cursor": cursor, "limit": limit, "day": day, "known_by": known_by})
        return self.ask(request, ControlPage)


    def graph_find(self, *, text: str, count: int | None = None) -> tuple[Found, ...]:
        """Parties whose code or name holds a text, the nearest first.

        Permission `graph`: Ask the relation graph.
        """
        request = Request("GET", "/api/v1/graph/find", query={"text": text, "count": count})
        return self.ask(request, tuple[Found, ...])


    def graph_group(self, party: str, *, day: datetime.date | None = None, tier1_net_minor: int | None = None, net_minor: int | None = None, quarter_net_minor: int | None = None) -> Group:
        """The groups of a party by the shipped rules, and its room under each limit of the book.

        Permission `graph`: Ask the relation graph.
        """
        request = Request("GET", filled("/api/v1/graph/group/{party}", party=party), query={"day": day, "tier1_net_minor": tier1_net_minor, "net_minor": net_minor, "quarter_net_minor": quarter_net_minor})
        return self.ask(request, Group)


    def graph_neighbourhood(self, *, party: str, hops: int | None = None, limit: int | None = None, day: datetime.date | None = None, known_by: datetime.date | None = None) -> Neighbourhood:
        """What is around a party: the nearest, those that last and those with most money first.

        Permission `graph`: Ask the relation graph.
        """
        request = Request("GET", "/api/v1/graph/neighbourhood", query={"party": party, "hops": hops, "limit": limit, "day": day, "known_by": known_by})
        return self.ask(request, Neighbourhood)


    def graph_owners(self, party: str, *, day: datetime.date | None = None, known_by: datetime.date | None = None) -> Owners:
        """Who owns and controls a party over all chains, its beneficial owners, and why.

        Permission `graph`: Ask the relation graph.
        """
        request = Request("GET", filled("/api/v1/graph/owners/{party}", party=party), query={"day": day, "known_by": known_by})
        return self.ask(request, Owners)


    def graph_path(self, *, from_: str, to: str, day: datetime.date | None = None, known_by: datetime.date | None = None) -> Connection:
        """A shortest chain between two parties, by what lasts if there is one; else by trade too.

        Permission `graph`: Ask the relation graph.
        """
        request = Request("GET", "/api/v1/graph/path", query={"from": from_, "to": to, "day": day, "known_by": known_by})
        return self.ask(request, Connection)


    def graph_rings(self, *, day: datetime.date | None = None, known_by: datetime.date | None = None) -> tuple[Ring, ...]:
        """Dense rings of payments, guarantees, loans, shared phones and addresses; not of trade.

        Permission `graph`: Ask the relation graph.
        """
        request = Request("GET", "/api/v1/graph/rings", query={"day": day, "known_by": known_by})
        return self.ask(request, tuple[Ring, ...])


    def graph_trace(self, *, party: str, day: datetime.date, rule: str | None = None, days: int | None = None) -> Trace:
        """Follow a loan through transfers: where it ended, and what came back.

        Permission `graph`: Ask the relation graph.
        """
        request = Request("GET", "/api/v1/graph/trace", query={"party": party, "day": day, "rule": rule, "days": days})
        return self.ask(request, Trace)


    def healthz(self) -> dict[str, str]:
        """Whether the process answers; asks nobody else, so that a restart would help."""
        request = Request("GET", "/healthz")
        return self.ask(request, dict[str, str])


    def inclusion_proof(self, *, index: int, size: int | None = None) -> Inclusion:
        """That an entry is in the log of a size.

        Permission `evidence`: Proofs, receipts and their verification.
        """
        request = Request("GET", "/api/v1/evidence/proofs/inclusion", query={"index": index, "size": size})
        return self.ask(request, Inclusion)


    def job(self, job_id: str, *, wait: int | None = None, if_none_match: str | None = None) -> JobView:
        """How a job stands; with `wait` and `If-None-Match`, as soon as it stands differently.

        Permission `jobs`: Long work: start, follow, cancel.
        """
        request = Request("GET", filled("/api/v1/jobs/{job_id}", job_id=job_id), query={"wait": wait}, headers={"if-none-match": if_none_match})
        return self.ask(request, JobView)


    def job_file(self, job_id: str, name: str) -> bytes:
        """A file that a job made. It may tell of firms: every download is written into the audit.

        Permission `jobs`: Long work: start, follow, cancel.
        """
        request = Request("GET", filled("/api/v1/jobs/{job_id}/files/{name}", job_id=job_id, name=name))
        return self.fetch(request)


    def job_kinds(self) -> tuple[JobKind, ...]:
        """Which jobs I may ask for.

        Permission `jobs`: Long work: start, follow, cancel.
        """
        request = Request("GET", "/api/v1/jobs/kinds")
        return self.ask(request, tuple[JobKind, ...])


    def jobs(self, *, cursor: str | None = None, limit: int | None = None) -> JobPage:
        """My jobs, newest first; everybody's for administrators and auditors.

        Permission `jobs`: Long work: start, follow, cancel.
        """
        request = Request("GET", "/api/v1/jobs", query={"cursor": cursor, "limit": limit})
        return self.ask(request, JobPage)


    def judge_policy(self, name: str, number: int, deed: str, body: Judgement | None) -> dict[str, Any]:
        """Approve or reject what somebody else wrote, roll it out, or go back to an earlier one.

        The deeds: `approve`, `reject`, `activate`, `rollback`; of a policy that decides events as they
        come also `challenge` (it decides for a share of customers), `shadow` (it is asked beside, and
        not followed), `withdraw` (neither any more).

        Permission `policy_approve`: Approve, reject, roll out and roll back what somebody else wrote.
        """
        request = Request("POST", filled("/api/v1/policies/{name}/versions/{number}/{deed}", name=name, number=number, deed=deed), body=body)
        return self.ask(request, dict[str, Any])


    def keys(self) -> KeyList:
        """All API keys, without what opens anything.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("GET", "/api/v1/keys")
        return self.ask(request, KeyList)


    def ledger_accounts(self, *, as_of: datetime.date | None = None, contract: str | None = None, code: str | None = None, cursor: str | None = None, limit: int | None = None) -> AccountPage:
        """Accounts with their totals: the trial balance, a page at a time.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", "/api/v1/ledger/accounts", query={"as_of": as_of, "contract": contract, "code": code, "cursor": cursor, "limit": limit})
        return self.ask(request, AccountPage)


    def live(self) -> LiveState:
        """Rate, latency, outcomes, rules that spoke, and what decides.

        Permission `live`: The stream of decisions: rates, latency, rules that spoke.
        """
        request = Request("GET", "/api/v1/live")
        return self.ask(request, LiveState)


    def live_decision(self, decision_id: str) -> bytes:
        """The record of a decision in flight: its canonical bytes.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", filled("/api/v1/decisions/live/{decision_id}", decision_id=decision_id))
        return self.fetch(request)


    def live_explanation(self, decision_id: str, *, customer: bool | None = None) -> Any:
        """Why it was decided so: rules, lists, models, facts behind, and what the customer is told.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", filled("/api/v1/decisions/live/{decision_id}/explanation", decision_id=decision_id), query={"customer": customer})
        return self.ask(request, object)


    def live_quarantine(self, *, limit: int | None = None) -> QuarantineTold:
        """The last messages of Kafka that could not be used: where they stood, and why.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", "/api/v1/live/quarantine", query={"limit": limit})
        return self.ask(request, QuarantineTold)


    def live_replay(self, decision_id: str) -> ReplayAnswer:
        """Make it again from the log, and compare byte for byte; reads the log up to the decision.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", filled("/api/v1/decisions/live/{decision_id}/replay", decision_id=decision_id))
        return self.ask(request, ReplayAnswer)


    def lock_user(self, name: str) -> Done:
        """Let nothing in under a name any more.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", filled("/api/v1/users/{name}/lock", name=name))
        return self.ask(request, Done)


    def make_visit_list(self, body: ListRequest) -> MadeList:
        """Make a list of the run's firms and share its areas out.

        Permission `visit_assign`: Make visit lists and assign areas.
        """
        request = Request("POST", "/api/v1/visit-lists", body=body)
        return self.ask(request, MadeList)


    def me(self) -> Me:
        """Who asks, and what they may.

        Permission `account`: Own account: who I am, change my password, sign out.
        """
        request = Request("GET", "/api/v1/me")
        return self.ask(request, Me)


    def metrics(self) -> bytes:
        """Counters in Prometheus' text format; Prometheus signs in with an API key.

        Permission `metrics`: Metrics of the service, for Prometheus.
        """
        request = Request("GET", "/metrics")
        return self.fetch(request)


    def parties(self, *, search: str | None = None, cursor: str | None = None, limit: int | None = None) -> PartyPage:
        """Firms whose code, name or unified social credit code holds a text.

        Permission `firms`: A firm: its facts, features, scores, exposure and people.
        """
        request = Request("GET", "/api/v1/parties", query={"search": search, "cursor": cursor, "limit": limit})
        return self.ask(request, PartyPage)


    def party(self, party: str) -> Whole:
        """A firm from all sides, in short.

        Permission `firms`: A firm: its facts, features, scores, exposure and people.
        """
        request = Request("GET", filled("/api/v1/parties/{party}", party=party))
        return self.ask(request, Whole)


    def party_exposure(self, party: str) -> Exposure:
        """What the bank has at risk on a firm, the groups it is in, and the room under each limit.

        Permission `firms`: A firm: its facts, features, scores, exposure and people.
        """
        request = Request("GET", filled("/api/v1/parties/{party}/exposure", party=party))
        return self.ask(request, Exposure)


    def party_facts(self, party: str, *, kind: str | None = None, cursor: str | None = None, limit: int | None = None, from_: datetime.datetime | None = None, to: datetime.datetime | None = None, known_by: datetime.datetime | None = None) -> FactPage:
        """The facts of a kind about a firm, as known at a time.

        Permission `firms`: A firm: its facts, features, scores, exposure and people.
        """
        request = Request("GET", filled("/api/v1/parties/{party}/facts", party=party), query={"kind": kind, "cursor": cursor, "limit": limit, "from": from_, "to": to, "known_by": known_by})
        return self.ask(request, FactPage)


    def party_features(self, party: str, *, as_of: datetime.datetime | None = None) -> Figures:
        """The figures of a firm, those that are missing too; at another time only from its events.

        Permission `firms`: A firm: its facts, features, scores, exposure and people.
        """
        request = Request("GET", filled("/api/v1/parties/{party}/features", party=party), query={"as_of": as_of})
        return self.ask(request, Figures)


    def party_report(self, party: str, *, format: Literal['json', 'docx', 'pdf'] | None = None, language: Literal['zh', 'en'] | None = None) -> Any:
        """A due-diligence report on a firm: a draft in which every number names the facts behind it.

        Permission `firms`: A firm: its facts, features, scores, exposure and people.
        """
        request = Request("GET", filled("/api/v1/parties/{party}/report", party=party), query={"format": format, "language": language})
        return self.ask(request, object)


    def payouts(self, *, state: PayoutState | None = None, cursor: str | None = None, limit: int | None = None) -> PayoutPage:
        """Payouts, newest first, of borrowers that one may know of.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", "/api/v1/payouts", query={"state": state, "cursor": cursor, "limit": limit})
        return self.ask(request, PayoutPage)


    def policies(self) -> tuple[PolicyLine, ...]:
        """All policies, and which version of each decides now.

        Permission `policies`: See policies, their versions and trials.
        """
        request = Request("GET", "/api/v1/policies")
        return self.ask(request, tuple[PolicyLine, ...])


    def policy(self, name: str) -> PolicyHistory:
        """A policy's versions and acts; the ETag is what a proposal has to match.

        Permission `policies`: See policies, their versions and trials.
        """
        request = Request("GET", filled("/api/v1/policies/{name}", name=name))
        return self.ask(request, PolicyHistory)


    def policy_check(self, name: str, body: Written) -> CheckShown:
        """Check what is being written: cells, names, gaps, overlaps, rules that never speak.

        Permission `policy_write`: Write policies, try them on history, submit them.
        """
        request = Request("POST", filled("/api/v1/policies/{name}/check", name=name), body=body)
        return self.ask(request, CheckShown)


    def policy_diff(self, name: str, body: Compared) -> tuple[dict[str, Any], ...]:
        """What changes from one version to another, or to what is being written; in words too.

        Permission `policies`: See policies, their versions and trials.
        """
        request = Request("POST", filled("/api/v1/policies/{name}/diff", name=name), body=body)
        return self.ask(request, tuple[dict[str, Any], ...])


    def policy_draft(self, name: str) -> DraftShown:
        """Your draft of a policy; an empty one where you have none.

        Permission `policy_write`: Write policies, try them on history, submit them.
        """
        request = Request("GET", filled("/api/v1/policies/{name}/draft", name=name))
        return self.ask(request, DraftShown)


    def policy_file(self, name: str, number: int, file: str, *, as_: str | None = None) -> bytes:
        """A file of a version as it was proposed; a table as CSV or YAML where that is asked for.

        Permission `policies`: See policies, their versions and trials.
        """
        request = Request("GET", filled("/api/v1/policies/{name}/versions/{number}/files/{file}", name=name, number=number, file=file), query={"as": as_})
        return self.fetch(request)


    def policy_lists(self, *, list: str | None = None) -> tuple[dict[str, Any], ...]:
        """Entries of lists, those that no longer hold too, in the order in which they were recorded.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", "/api/v1/policy-lists", query={"list": list})
        return self.ask(request, tuple[dict[str, Any], ...])


    def policy_tables(self, name: str, number: int, suffix: str) -> bytes:
        """All tables of a version as one workbook, or as a DMN model.

        Permission `policies`: See policies, their versions and trials.
        """
        request = Request("GET", filled("/api/v1/policies/{name}/versions/{number}/tables.{suffix}", name=name, number=number, suffix=suffix))
        return self.fetch(request)


    def policy_trial(self, name: str, trial: str) -> dict[str, Any]:
        """What came of a trial: figures of all and of parts, beside those of the other; no person.

        Permission `policies`: See policies, their versions and trials.
        """
        request = Request("GET", filled("/api/v1/policies/{name}/trials/{trial}", name=name, trial=trial))
        return self.ask(request, dict[str, Any])


    def policy_trial_changes(self, name: str, trial: str, *, limit: int | None = None) -> tuple[dict[str, Any], ...]:
        """Who would be decided otherwise, and what decides now and then.

        Permission `decisions`: Decisions on firms, one by one.
        """
        request = Request("GET", filled("/api/v1/policies/{name}/trials/{trial}/changes", name=name, trial=trial), query={"limit": limit})
        return self.ask(request, tuple[dict[str, Any], ...])


    def policy_trials(self, name: str) -> tuple[TrialLine, ...]:
        """The last trials of a policy, newest first.

        Permission `policies`: See policies, their versions and trials.
        """
        request = Request("GET", filled("/api/v1/policies/{name}/trials", name=name))
        return self.ask(request, tuple[TrialLine, ...])


    def policy_version(self, name: str, number: int) -> VersionShown:
        """A version's files, and its tables rule by rule.

        Permission `policies`: See policies, their versions and trials.
        """
        request = Request("GET", filled("/api/v1/policies/{name}/versions/{number}", name=name, number=number))
        return self.ask(request, VersionShown)


    def pool(self, scheme: str) -> PoolDetail:
        """One pool with its events, each with its answer.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", filled("/api/v1/pools/{scheme}", scheme=scheme))
        return self.ask(request, PoolDetail)


    def pools(self) -> Pools:
        """Pools that share losses.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", "/api/v1/pools")
        return self.ask(request, Pools)


    def postings(self, *, account: str, cursor: str | None = None, limit: int | None = None) -> PostingPage:
        """What moved an account, line by line.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", "/api/v1/ledger/postings", query={"account": account, "cursor": cursor, "limit": limit})
        return self.ask(request, PostingPage)


    def propose_policy(self, name: str, body: Proposed, *, if_match: str | None = None) -> dict[str, Any]:
        """Submit a version for a second person to judge; its author is whoever asks.

        Permission `policy_write`: Write policies, try them on history, submit them.
        """
        request = Request("POST", filled("/api/v1/policies/{name}/versions", name=name), headers={"if-match": if_match}, body=body)
        return self.ask(request, dict[str, Any])


    def readyz(self) -> Any:
        """Whether it can do its work: is all of it loaded, does the store answer, is there a run.

        Where events come from Kafka it is told whether they do; it is ready without them, too, for
        people and programs are answered meanwhile.
        """
        request = Request("GET", "/readyz")
        return self.ask(request, object)


    def receipt(self, decision_id: str) -> Receipt:
        """All that proves one decision; of other firms it holds only hashes.

        Permission `evidence`: Proofs, receipts and their verification.
        """
        request = Request("GET", filled("/api/v1/evidence/receipts/{decision_id}", decision_id=decision_id))
        return self.ask(request, Receipt)


    def record_visit(self, body: VisitRequest) -> Visit:
        """Record what came of a visit; no place is recorded.

        Permission `visits`: Visit lists and what came of visits.
        """
        request = Request("POST", "/api/v1/visits", body=body)
        return self.ask(request, Visit)


    def refuse_roles(self, number: int) -> Done:
        """Do not give them; whoever asked may take it back so.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", filled("/api/v1/role-requests/{number}/refuse", number=number))
        return self.ask(request, Done)


    def reject_payout(self, number: int, body: Rejection) -> PayoutLine:
        """Reject as a second person, and say why.

        Permission `payout_approve`: Approve a payout that somebody else asked for.
        """
        request = Request("POST", filled("/api/v1/payouts/{number}/reject", number=number), body=body)
        return self.ask(request, PayoutLine)


    def remove_webhook(self, hook_id: str) -> None:
        """Tell somebody no more; what waits is dropped.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("DELETE", filled("/api/v1/webhooks/{hook_id}", hook_id=hook_id))
        self.fetch(request)


    def report(self, name: str) -> ReportFound:
        """A report of the book as it stands: sums and shares, no borrower.

        Permission `reports`: Statistics for supervisors and the public.
        """
        request = Request("GET", filled("/api/v1/reports/{name}", name=name))
        return self.ask(request, ReportFound)


    def reports(self) -> tuple[ReportLine, ...]:
        """All reports.

        Permission `reports`: Statistics for supervisors and the public.
        """
        request = Request("GET", "/api/v1/reports")
        return self.ask(request, tuple[ReportLine, ...])


    def reset_password(self, name: str) -> Password:
        """A one-time password for somebody who forgot theirs.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", filled("/api/v1/users/{name}/password", name=name))
        return self.ask(request, Password)


    def resume_job(self, job_id: str) -> JobView:
        """Begin a job again that failed or was cancelled.

        Permission `jobs`: Long work: start, follow, cancel.
        """
        request = Request("POST", filled("/api/v1/jobs/{job_id}/resume", job_id=job_id))
        return self.ask(request, JobView)


    def retry_webhook(self, hook_id: str) -> TriedAgain:
        """Send again now what waits or was given up.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", filled("/api/v1/webhooks/{hook_id}/retry", hook_id=hook_id))
        return self.ask(request, TriedAgain)


    def revoke_key(self, key: str) -> Done:
        """Take a key back, from this moment on.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", filled("/api/v1/keys/{key}/revoke", key=key))
        return self.ask(request, Done)


    def role_requests(self) -> WaitingList:
        """Roles that wait for a second person.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("GET", "/api/v1/role-requests")
        return self.ask(request, WaitingList)


    def save_policy_draft(self, name: str, body: DraftGiven, *, if_match: str | None = None) -> DraftShown:
        """Keep your draft, so that a closed browser loses nothing.

        Permission `policy_write`: Write policies, try them on history, submit them.
        """
        request = Request("PUT", filled("/api/v1/policies/{name}/draft", name=name), headers={"if-match": if_match}, body=body)
        return self.ask(request, DraftShown)


    def sessions(self) -> SessionList:
        """Browsers that are signed in.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("GET", "/api/v1/sessions")
        return self.ask(request, SessionList)


    def set_regions(self, name: str, body: NewRegions) -> Account:
        """Say of which regions' firms a user may know.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("PUT", filled("/api/v1/users/{name}/regions", name=name), body=body)
        return self.ask(request, Account)


    def set_roles(self, name: str, body: NewRoles) -> RolesSet:
        """Give other roles, at once or after a second person agrees.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("PUT", filled("/api/v1/users/{name}/roles", name=name), body=body)
        return self.ask(request, RolesSet)


    def take_events(self, table: str, content: bytes, *, content_type: Literal['application/json', 'application/x-ndjson', 'application/vnd.apache.arrow.stream']) -> EventsTaken:
        """Take in events that are not decided, such as fraud reports: they move features.

        Permission `apply`: Ask for a decision on a firm or an event.
        """
        request = Request("POST", filled("/api/v1/events/{table}", table=table), body=content, content_type=content_type)
        return self.ask(request, EventsTaken)


    def try_policy(self, name: str, body: TrialAsked) -> dict[str, str]:
        """Try a policy on history, beside the one in force: a job, whose id is the trial's.

        Permission `policy_write`: Write policies, try them on history, submit them.
        """
        request = Request("POST", filled("/api/v1/policies/{name}/trials", name=name), body=body)
        return self.ask(request, dict[str, str])


    def unlock_user(self, name: str) -> Done:
        """Let somebody in again.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("POST", filled("/api/v1/users/{name}/unlock", name=name))
        return self.ask(request, Done)


    def upload_policy_file(self, name: str, file: str) -> DraftShown:
        """Put a file into your draft: .xlsx, .dmn, .csv, .yaml, .toml or .json, as it is in the body.

        Tables of a workbook or a DMN model become tables that can be edited.

        Permission `policy_write`: Write policies, try them on history, submit them.
        """
        request = Request("PUT", filled("/api/v1/policies/{name}/draft/files/{file}", name=name, file=file))
        return self.ask(request, DraftShown)


    def user(self, name: str) -> Account:
        """One user.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("GET", filled("/api/v1/users/{name}", name=name))
        return self.ask(request, Account)


    def users(self) -> AccountList:
        """All users.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("GET", "/api/v1/users")
        return self.ask(request, AccountList)


    def verify_receipt(self, body: ToVerify) -> ReceiptVerdict:
        """Whether a receipt proves its decision under the lender's key.

        Permission `evidence`: Proofs, receipts and their verification.
        """
        request = Request("POST", "/api/v1/evidence/verify", body=body)
        return self.ask(request, ReceiptVerdict)


    def visit_funnel(self, *, by: Literal['manager', 'area'] | None = None, list: str | None = None) -> Funnel:
        """How many of the firms listed were met, interested, applied, were approved and drew.

        Permission `visits`: Visit lists and what came of visits.
        """
        request = Request("GET", "/api/v1/visits/funnel", query={"by": by, "list": list})
        return self.ask(request, Funnel)


    def visit_lists(self) -> tuple[MadeList, ...]:
        """All visit lists, newest first.

        Permission `visits`: Visit lists and what came of visits.
        """
        request = Request("GET", "/api/v1/visit-lists")
        return self.ask(request, tuple[MadeList, ...])


    def visit_tasks(self, *, manager: str | None = None) -> tuple[Task, ...]:
        """What is still to be done: who is due first; one's own unless one assigns visits.

        Permission `visits`: Visit lists and what came of visits.
        """
        request = Request("GET", "/api/v1/visits/tasks", query={"manager": manager})
        return self.ask(request, tuple[Task, ...])


    def voucher(self, paper: str, *, lang: str | None = None) -> Vouchers:
        """One voucher or bill with its live pieces.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", filled("/api/v1/vouchers/{paper}", paper=paper), query={"lang": lang})
        return self.ask(request, Vouchers)


    def vouchers(self, *, lang: str | None = None) -> Vouchers:
        """Vouchers and bills: papers, live pieces, refused acts.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", "/api/v1/vouchers", query={"lang": lang})
        return self.ask(request, Vouchers)


    def warehouse(self, *, lang: str | None = None) -> Warehouse:
        """Warehouse receipts, pledges and how they are covered.

        Permission `loans`: Contracts, collateral, vouchers and pools, one by one.
        """
        request = Request("GET", "/api/v1/warehouse", query={"lang": lang})
        return self.ask(request, Warehouse)


    def webhook_messages(self, hook_id: str, *, limit: int | None = None) -> tuple[MessageView, ...]:
        """The last messages of a webhook, newest first.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("GET", filled("/api/v1/webhooks/{hook_id}/messages", hook_id=hook_id), query={"limit": limit})
        return self.ask(request, tuple[MessageView, ...])


    def webhooks(self) -> tuple[HookView, ...]:
        """Who is told of what.

        Permission `admin`: Users, keys, webhooks and the state of the service.
        """
        request = Request("GET", "/api/v1/webhooks")
        return self.ask(request, tuple[HookView, ...])


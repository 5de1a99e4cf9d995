"""The real invoices of 425 firms: every known defect is found, and no row is lost."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.compute as pc
import pytest

from headrace.adapters.mappings import find_mapping, load_mapping
from headrace.adapters.sources import read_sources
from headrace.facts.corrections import as_of
from headrace.facts.ingest import Ingested, ingest

SHIPPED = Path(__file__).parents[2] / "src/headrace/packs/sme_invoices/mappings/cumcm2020c.toml"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def found(real_data: Path) -> Ingested:
    mapping = find_mapping(real_data, [load_mapping(SHIPPED)])
    return ingest(read_sources(real_data, mapping, {}), mapping)


def test_every_row_is_accounted_for(found: Ingested) -> None:
    invoices = [account for account in found.reconciliation if account.kind == "invoice"]
    assert sum(account.rows for account in invoices) == 1_099_441
    assert [account.duplicates for account in invoices] == [803, 4_436, 4_681, 1_745]
    assert [account.quarantined for account in invoices] == [2, 1, 2, 0]
    assert found.facts["invoice"].num_rows == 1_099_441 - 11_665 - 5
    assert found.facts["party"].num_rows == 425
    assert found.facts["credit_record"].num_rows == 123
    assert found.facts["rate_response"].num_rows == 29


def test_the_five_bad_rows_have_a_tax_of_the_wrong_sign(found: Ingested) -> None:
    assert Counter(found.quarantine["rule"].to_pylist()) == {
        "total_mismatch": 5,
        "sign_mismatch": 5,
    }
    rows = found.quarantine.group_by(["source", "row"]).aggregate([])
    assert rows.num_rows == 5


def test_every_known_defect_has_its_rule(found: Ingested) -> None:
    counts = {(note.rule.name, note.table): note.rows for note in found.notes}
    assert counts["trim_text", "a1_output_invoices"] == 47
    assert counts["trim_text", "a2_output_invoices"] == 48
    assert counts["zero_amount", "a1_output_invoices"] == 1_679
    assert counts["zero_amount", "a2_output_invoices"] == 2_340
    assert counts["pad_number", "a1_input_invoices"] == 85_315
    assert counts["masked_name", "a1_enterprises"] == 120
    assert counts["masked_name", "a2_enterprises"] == 246
    assert ("party_without_invoices", "a1_enterprises") not in counts
    assert {name for name, _ in counts} == {
        *("trim_text", "fold_width", "pad_number", "zero_amount", "number_not_unique"),
        *("masked_name", "repeated_name"),
    }


def test_corrections(found: Ingested) -> None:
    assert Counter(found.corrections["rule"].to_pylist()) == {
        "voided_by_status": 62_855,
        "status_conflict": 5,
        "original_by_amount": 12_180,
        "original_not_found": 7_102,
    }
    taken = found.corrections.filter(pc.equal(found.corrections["rule"], "original_by_amount"))
    assert len(pc.unique(taken["corrects"])) == taken.num_rows


def test_a_void_is_unknown_until_the_month_is_over(found: Ingested) -> None:
    invoices = found.facts["invoice"]
    early = datetime(2018, 6, 15, tzinfo=UTC)
    view = as_of(invoices, found.corrections, early)
    until = pc.sum(pc.less_equal(invoices["known_time"], early)).as_py()
    voided = pc.sum(
        pc.and_(
            pc.equal(found.corrections["kind"], "void"),
            pc.less_equal(found.corrections["known_time"], early),
        )
    ).as_py()
    assert view.num_rows == until - voided
    everything = as_of(invoices, found.corrections, datetime(2021, 1, 1, tzinfo=UTC))
    assert everything.num_rows == invoices.num_rows - 62_860


def test_a_million_invoices_stay_small(found: Ingested) -> None:
    assert found.facts["invoice"].nbytes < 250e6

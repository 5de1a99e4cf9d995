"""A draft is read by a person, completed, and then parsed."""

import tomllib

import pyarrow as pa
import pytest

from headrace.errors import MappingError
from headrace.facts import drafting
from headrace.facts.drafting import SYNONYMS, FoundTable, draft, probe
from headrace.facts.kinds import MAPPABLE, RELATIONS
from headrace.facts.mapping import TableMapping, parse_mapping

INVOICES = FoundTable(
    "进项.csv",
    pa.table(
        {
            "企业代号": ["E1"],
            "发票 号码": ["1"],
            "开票日期": ["2019-01-31"],
            "销方单位代号": ["A1"],
            "金额": ["1"],
            "税额": ["0"],
            "价税合计": ["1"],
            "发票状态": [" 作废发票"],
        }
    ),
)


def completed(text: str) -> str:
    return text.replace('consent = ""', 'consent = "contract 12"')


def test_known_headers_make_a_whole_mapping() -> None:
    [table] = parse_mapping(completed(draft([INVOICES])), "draft").tables
    assert table.fact.kind == "invoice"
    assert table.constants == {"direction": "purchase"}
    assert table.columns["number"] == ("发票 号码",)
    assert table.values["status"] == {"作废发票": "voided"}


def test_a_draft_is_refused_until_somebody_states_the_consent() -> None:
    with pytest.raises(MappingError, match="`consent` is missing"):
        parse_mapping(draft([INVOICES]), "draft")


def test_english_headers_and_the_other_direction() -> None:
    names = ["firm_id", "invoice_number", "date", "buyer_id", "amount", "tax", "total", "status"]
    sales = pa.table([pa.array(["valid"])] * len(names), names=names)
    [table] = parse_mapping(completed(draft([FoundTable("s.csv", sales)])), "draft").tables
    assert table.constants == {"direction": "sale"}
    assert table.values["status"] == {"valid": "valid"}


def test_what_is_missing_or_unknown_is_said_and_not_guessed() -> None:
    columns = INVOICES.columns.drop_columns(["税额", "价税合计"])
    columns = columns.set_column(5, "发票状态", pa.array(["异常"]))
    text = draft([FoundTable("进项.csv", columns)])
    assert "# missing: `tax`" in text
    assert "# missing: `total`" in text
    assert '# values.status."异常" = "?"  # one of valid, voided' in text
    with pytest.raises(MappingError, match="`tax`"):
        parse_mapping(completed(text), "draft")


def test_an_unknown_side_is_left_to_the_person() -> None:
    columns = INVOICES.columns.rename_columns(
        ["交易对手" if name == "销方单位代号" else name for name in INVOICES.columns.column_names]
    )
    text = draft([FoundTable("发票.csv", columns)])
    assert '# constants = { direction = "purchase" }  # or "sale"' in text


def test_a_file_of_firms_gives_parties_and_credit_records() -> None:
    firms = pa.table(
        {"企业代号": ["E1"], "企业名称": ["甲"], "信誉评级": ["A"], "是否违约": ["否"]}
    )
    text = completed(draft([FoundTable("firms.csv", firms)], unread=["bad.csv: 0 bytes\nx = 1"]))
    assert [table.fact.kind for table in parse_mapping(text, "draft").tables] == [
        "party",
        "credit_record",
    ]
    assert "# not read: bad.csv: 0 bytes x = 1" in text


def test_headers_and_file_names_cannot_break_out_of_the_draft() -> None:
    evil = 'x"]\nsimulated = true\n#'
    columns = pa.table({"企业代号": ["E1"], "企业名称": ["甲"], evil: ["1"]})
    text = completed(draft([FoundTable(evil, columns), FoundTable(evil, columns.select([2]))]))
    assert tomllib.loads(text)["simulated"] is False


def test_synonyms_name_fields_that_exist() -> None:
    for kind, keys in SYNONYMS.items():
        known = {field.key for field in MAPPABLE[kind].mapped}
        assert set(keys) <= known
        for headers in keys.values():
            assert len(headers) == len(set(headers))


def test_the_probe_knows_every_header() -> None:
    probing = probe("x.csv")
    assert len(probing.columns) == sum(len(keys) for keys in SYNONYMS.values())


TIES = [
    ("guarantees", ["担保人", "被担保人", "担保金额", "担保起始日", "担保到期日"]),
    ("guarantees", ["guarantor_id", "borrower_id", "amount", "from", "to"]),
    ("owns", ["股东名称", "持股比例", "企业名称"]),
    ("owns", ["owner_id", "owned_id", "share"]),
    ("office", ["姓名", "职务", "企业名称", "任职日期", "离任日期"]),
    ("family", ["本人", "亲属", "与本人关系"]),
    ("transfers", ["付款方", "收款方", "转账金额", "转账日期"]),
    ("lends", ["出借人", "借款人", "借款金额", "起始日期"]),
    ("supplies", ["供应商", "采购方", "供货占比"]),
    ("branch_of", ["分支机构", "总公司"]),
    ("controls", ["实际控制人", "被控制企业"]),
    ("nominee", ["代持人", "实际出资人", "标的公司"]),
    ("proxy", ["委托人", "受托人", "标的公司"]),
    ("disputes", ["原告", "被告", "涉案金额", "立案日期"]),
]


def drafted(headers: list[str], cell: str = "1") -> tuple[str, list[TableMapping]]:
    """The draft for a table of one row, and what a person's signature makes of it."""
    rows = pa.table([pa.array([cell])] * len(headers), names=headers)
    text = draft([FoundTable("t.csv", rows)])
    return text, list(parse_mapping(completed(text), "draft").tables)


@pytest.mark.parametrize(("relation", "headers"), TIES)
def test_a_table_of_relations_is_told_by_its_two_ends(relation: str, headers: list[str]) -> None:
    _, [table] = drafted(headers)
    assert table.fact.kind == "relation"
    assert table.constants == {"relation": relation}
    mapped = [header for header, *_ in table.columns.values()]
    assert sorted(mapped) == sorted(headers)
    assert table.columns["subject"] != table.columns["object"]


def test_who_holds_and_who_is_held_are_not_confused() -> None:
    text, [table] = drafted(["企业名称", "股东名称", "持股比例"])
    assert table.columns == {
        "subject": ("股东名称",),
        "object": ("企业名称",),
        "share": ("持股比例",),
    }
    assert "# `subject` is a name, and names are no identity" in text
    _, [coded] = drafted(["股东证件号", "股东名称", "统一社会信用代码", "企业名称", "持股比例"])
    assert coded.columns["subject"] == ("股东证件号",)
    assert coded.columns["object"] == ("统一社会信用代码",)


def test_the_kind_of_relation_may_stand_in_a_column() -> None:
    rows = pa.table(
        {"主体": ["E1", "P1", "P2"], "关系类型": ["担保", "持股", "同乡"], "对象": ["E2"] * 3}
    )
    text = draft([FoundTable("关系.csv", rows)])
    [table] = parse_mapping(completed(text), "draft").tables
    assert table.values["relation"] == {"担保": "guarantees", "持股": "owns"}
    assert '# values.relation."同乡" = "?"' in text


def test_a_contract_number_is_no_statement() -> None:
    """Two guarantors of one contract are two statements, not two versions of one."""
    _, [table] = drafted(["担保人", "被担保人", "担保合同号"])
    assert "statement" not in table.columns


def test_a_firm_with_a_main_shareholder_stays_a_firm() -> None:
    _, [table] = drafted(["企业代号", "企业名称", "股东", "行业"])
    assert table.fact.kind == "party"


def test_an_invoice_with_payer_and_payee_stays_an_invoice() -> None:
    headers = [*INVOICES.columns.column_names, "付款方", "收款方"]
    _, [table] = drafted(headers)
    assert table.fact.kind == "invoice"


def test_positions_are_exposures_and_their_due_date_ends_nothing() -> None:
    _, [table] = drafted(
        ["客户号", "借据号", "业务品种", "贷款余额", "保证金", "发放日期", "到期日期"]
    )
    assert table.fact.kind == "exposure"
    assert table.columns == {
        "party": ("客户号",),
        "product": ("业务品种",),
        "amount": ("贷款余额",),
        "deductible": ("保证金",),
        "statement": ("借据号",),
        "event_time": ("发放日期",),
    }


def test_an_exposure_without_a_date_is_refused_until_a_person_names_it() -> None:
    rows = pa.table({"客户号": ["C1"], "业务品种": ["流贷"], "敞口": ["1"]})
    text = draft([FoundTable("敞口.csv", rows)])
    assert "# missing: `event_time`" in text
    with pytest.raises(MappingError, match="`event_time`"):
        parse_mapping(completed(text), "draft")


def test_people_are_parties() -> None:
    _, [table] = drafted(["人员编号", "姓名"])
    assert table.fact.kind == "party"


def test_meanings_are_choices_of_some_field() -> None:
    for ends in drafting._ENDS:
        assert ends.relation in RELATIONS
    assert tuple(drafting._MEANINGS["relation"]) == RELATIONS
    for texts in drafting._MEANINGS.values():
        every = [text for each in texts.values() for text in each]
        assert len(every) == len(set(every))

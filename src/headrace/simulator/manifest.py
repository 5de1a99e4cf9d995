"""The two text files beside the tables: how to read them, and that nothing in them is real."""

from dataclasses import asdict

from headrace.simulator.settings import EconomySettings

_INVOICES = """
[[table]]
file = "{file}"
fact = "invoice"
constants = {{ direction = "{direction}" }}
columns = {{ party = "firm_id", number = "invoice_number", event_time = "date", \
counterparty = "{partner}", amount = "amount", tax = "tax", total = "total", status = "status", \
voided_time = "void_date", corrects_number = "corrects_number" }}
values.status = {{ valid = "valid", voided = "voided" }}
number_width = 8
"""

_OTHERS = """
[[table]]
file = "firms"
fact = "party"
columns = { party = "firm_id", name = "name", industry = "industry", region = "region", \
event_time = "founded" }
constants = { type = "company" }

[[table]]
file = "people"
fact = "party"
columns = { party = "person_id", name = "name" }
constants = { type = "person" }

[[table]]
file = "ownership"
fact = "relation"
columns = { subject = "owner_id", object = "owned_id", share = "share" }
constants = { relation = "owns" }

[[table]]
file = "relations"
fact = "relation"
columns = { relation = "relation", subject = "subject", object = "object", role = "role", \
amount = "amount", event_time = "from", valid_to = "to", statement = "statement" }

[[table]]
file = "transfers"
fact = "relation"
columns = { subject = "payer_id", object = "payee_id", event_time = "date", amount = "amount" }
constants = { relation = "transfers" }

[[table]]
file = "exposures"
fact = "exposure"
columns = { party = "firm_id", product = "product", event_time = "date", amount = "amount", \
deductible = "deposit" }

[[table]]
file = "credit_records"
fact = "credit_record"
columns = { party = "firm_id", outcome = "defaulted" }
values.outcome = { yes = "default", no = "repaid" }

[[table]]
file = "rate_response"
fact = "rate_response"
columns = { rate = "rate", churn_a = "rating_a", churn_b = "rating_b", churn_c = "rating_c" }
"""


def mapping_text(seed: int) -> str:
    """mapping.toml: which column of which file is which field of which fact."""
    head = f"""name = "simulated economy, seed {seed}"
simulated = true
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = "simulated"
"""
    purchases = _INVOICES.format(
        file="purchase_invoices", direction="purchase", partner="seller_id"
    )
    sales = _INVOICES.format(file="sales_invoices", direction="sale", partner="buyer_id")
    return head + purchases + sales + _OTHERS


def notice_text(settings: EconomySettings, seed: int) -> str:
    """SIMULATED.txt, in English and Chinese."""
    given = ", ".join(f"{name} = {value}" for name, value in asdict(settings).items())
    return (
        "Everything in this folder is simulated. No firm, person, invoice or payment in it is "
        "real, and any likeness is chance. It was made by headrace.simulator and can be made "
        f"again, byte for byte, from seed {seed} and these settings: {given}. The folder truth/ "
        "says what was planted; no model may read it.\n\n"
        "本文件夹中的全部数据均为模拟数据，其中的企业、个人、发票和付款均非真实，如有雷同，纯属巧合。"
        f"数据由 headrace.simulator 生成，用随机种子 {seed} 和以下设置可逐字节重现：{given}。"
        "truth/ 文件夹记录了埋设的真相，任何模型不得读取。\n"
    )

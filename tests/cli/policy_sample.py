"""A small policy as a folder, for tests of the commands."""

from pathlib import Path

FILES = {
    "policy.yaml": """\
policy: card_payments
title: {en: Card payments, zh: 银行卡支付}
customer: customer
time zone: Asia/Shanghai
inputs: {customer: string, card: string, amount: number, country: string}
steps:
  - {list: blocked, kind: black, by: card}
  - {table: velocity}
  - {value: exposure, is: amount * 2}
results:
  limit: min(exposure, 1000)
otherwise: approve
""",
    "velocity.csv": """\
# table,velocity
# hit policy,FIRST
# en,How fast money leaves
# zh,资金流出速度
in:country,in:amount,out:action,out:reason,note:why
XX,-,decline,embargo,no trade with it
-,> 5000,refer,large,a person looks
-,-,approve,,
""",
    "lists.csv": """\
list,value,scope,valid_from,valid_until,reason,owner,recorded
blocked,C17,,2026-03-01T00:00Z,,stolen,fraud desk,2026-03-01T09:12Z
""",
}


def write_policy(folder: Path, **changed: tuple[str, str]) -> Path:
    """The policy in a folder, with one text of the files named by their stem replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        before, after = changed.get(name.partition(".")[0], ("", ""))
        assert before in text
        (folder / name).write_text(text.replace(before, after, 1), encoding="utf-8")
    return folder

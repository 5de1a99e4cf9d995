"""Every example in the API's document fits its schema, and the service takes it as it stands."""

import json

from jsonschema import Draft202012Validator
from web_world import Browser

from headrace.web.api.examples import BODIES
from headrace.web.app import create_app

ADDRESSES = {
    "facts_send": "/api/v1/facts/invoice",
    "apply": "/api/v1/applications",
    "decide": "/api/v1/decisions",
    "decide_batch": "/api/v1/decisions/batch",
    "consent_withdraw": "/api/v1/consents/AUTH-2026-0017/withdraw",
}


def test_every_example_fits_its_schema_and_is_taken(demo):
    document = create_app(demo.services).openapi()
    operations = {
        each["operationId"]: each
        for path in document["paths"].values()
        for each in path.values()
        if isinstance(each, dict) and "operationId" in each
    }
    demo.add("erp", "system")
    key = demo.accounts.add_key("erp", ["facts", "apply"], days=1)
    client = Browser(demo).client
    taken = []
    for name, shown in BODIES.items():
        content = operations[name]["requestBody"]["content"]
        for media, examples in shown.items():
            assert content[media]["examples"] == examples
            schema = content[media]["schema"] | {"components": document["components"]}
            for example in examples.values():
                value = example["value"]
                Draft202012Validator(schema).validate(value)
                sent = value if isinstance(value, str) else json.dumps(value)
                headers = {"authorization": f"Bearer {key}", "content-type": media}
                answer = client.post(ADDRESSES[name], content=sent, headers=headers)
                assert answer.status_code in (200, 201), (name, media, answer.text)
                taken.append((name, answer.json()))
    told = [each for name, each in taken if name == "facts_send"]
    assert [each["quarantined"] for each in told] == [0] * len(told)
    assert sum(each["accepted"] for each in told) == 2, "they are the same two invoices"
    batch = next(each for name, each in taken if name == "decide_batch")
    assert batch["problems"] == []
    assert {each["outcome"] for name, each in taken if name == "apply"} <= {
        "approve",
        "refer",
        "decline",
    }

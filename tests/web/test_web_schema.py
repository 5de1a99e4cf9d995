"""schemathesis asks every operation what its document allows, and holds answers to it."""

import threading

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings

from headrace.web.app import create_app
from headrace.web.security.access import ACCESS
from headrace.web.server import BoundedProtocol, listen

pytestmark = pytest.mark.services
EXAMPLES = 4
ROLES = (*((role,) for role in ACCESS.roles), tuple(ACCESS.roles))


@pytest.fixture
def served(world):
    """A service on a port of this machine: its URL and its document."""
    app = create_app(world.services)
    listening = listen(world.with_settings(port=0).services.settings)
    config = uvicorn.Config(app, http=BoundedProtocol, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}", app.openapi()
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("roles", ROLES, ids="+".join)
def test_every_answer_is_one_that_the_document_says(world, served, roles):
    import schemathesis  # noqa: PLC0415 - only where services are tested
    from schemathesis import checks  # noqa: PLC0415 - the same
    from schemathesis.specs.openapi import checks as of_openapi  # noqa: PLC0415 - the same

    held = [
        checks.not_a_server_error,
        of_openapi.content_type_conformance,
        of_openapi.response_schema_conformance,
        of_openapi.status_code_conformance,
    ]
    url, document = served
    world.add("ada", *roles)
    key = world.accounts.add_key("ada", ACCESS.allowed(roles), days=1)
    headers = {"authorization": f"Bearer {key}"}
    wrong = []
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy())
        def asked(case):
            answer = case.call(base_url=url, headers=headers)
            case.validate_response(answer, checks=held)

        try:
            asked()
        except Exception as error:  # noqa: BLE001 - all of them are told at the end
            wrong.append(f"{operation.label}: {str(error)[:300]}")
    assert len(world.logged) > 100, "hardly anything was asked"
    assert not wrong, "\n\n".join(wrong)

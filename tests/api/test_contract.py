"""Whatever docs/openapi.json allows and whatever it forbids, sent by schemathesis to a running service.

Nothing may be a 5xx, every reply must be as documented, and every error a problem document.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance
from sqlalchemy import inspect

from api.app import create_app
from api.problems import is_openai
from api.schemas.openai import OpenAIError
from api.schemas.service import Problem
from rag.register import EMPTY
from rag.settings import Settings
from rag.state import METADATA
from rag.state import SCHEMA as SCHEMAS
from tests.api.records import SMALL
from tests.api.test_server import running
from tests.fakes import FakeLibrary, fake_pipeline

Case = schemathesis.Case[Any]
load_all_checks()
CONFIG = {
    # What is too large is refused before anybody looks at its fields.
    "checks": {
        "negative_data_rejection": {
            "expected-statuses": ["400", "401", "403", "404", "405", "409", "413", "415", "422"]
        }
    },
    "generation": {"database": "none", "deterministic": True, "mode": "all"},
}
_SEMANTIC = {"usage", "question-rejected", "invalid-data"}
"""What no schema can say: an empty question once it is cleaned, a cursor of somebody else, a map that is no YAML."""


SCHEMA = schemathesis.openapi.from_dict(create_app(Settings()).openapi(), config=schemathesis.Config.from_dict(CONFIG))


class Place:
    """A running service that can be made to forget what was sent to it."""

    def __init__(self, folder: Path) -> None:
        self.library = FakeLibrary()
        self.library.publish(SMALL)
        settings = Settings(data_dir=folder, request_timeout_s=5)
        self.app = create_app(settings, fake_pipeline(self.library), self.library)
        self.address = ""

    def forget(self) -> None:
        self.library.register = EMPTY
        self.library.activate(1)
        service = self.app.state.service
        assert service.jobs
        assert service.conversations
        assert service.feedback
        with service.state.begin() as connection:
            present = inspect(connection).get_table_names()
            for table in (table for table in METADATA.sorted_tables if table.name in present and table is not SCHEMAS):
                connection.execute(table.delete())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("contract"))
    with running(place.app) as place.address:
        yield place


@pytest.fixture
def address(place: Place) -> str:
    return place.address


@schemathesis.check
def errors_are_problems(context: schemathesis.CheckContext, response: schemathesis.Response, case: Case) -> None:
    if response.status_code < 400 or case.method == "HEAD":
        return
    if is_openai(case.path):
        slug = OpenAIError.model_validate(response.json()).error.code
    else:
        assert response.headers["content-type"] == ["application/problem+json"]
        slug = Problem.model_validate(response.json()).type.rpartition("/")[2]
    if case.meta is not None and case.meta.generation.mode.is_positive and response.status_code in (400, 422):
        assert slug in _SEMANTIC or _across_fields(response), f"{slug}: refused though it keeps to the schema"


def _across_fields(response: schemathesis.Response) -> bool:
    """Whether it was refused by rules that no schema states, such as `either path or paths`."""
    return {item["type"] for item in response.json()["errors"]} == {"value_error"}


def _impatient(case: Case) -> None:
    """A revision that never comes is waited for and then a documented 503, which test_robustness.py looks at."""
    body: Any = case.body
    revision = body.get("min_revision") if isinstance(body, dict) else None
    if isinstance(revision, int | float) and 1 < revision < 2**31:
        body["min_revision"] = 1 if revision == int(revision) else 1.5


def _validated(case: Case, address: str) -> None:
    _impatient(case)
    _checked(case, case.call(base_url=address))


def _checked(case: Case, response: schemathesis.Response) -> None:
    # `errors_are_problems` says more precisely what may be refused though it keeps to the schema.
    less: list[Any] = [positive_data_acceptance]
    case.validate_response(response, additional_checks=[errors_are_problems], excluded_checks=less)


_PATIENT = settings(
    deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)


@SCHEMA.parametrize()
@settings(_PATIENT, max_examples=10)
def test_every_operation_keeps_to_the_document(case: Case, address: str) -> None:
    _validated(case, address)


@pytest.mark.long
@SCHEMA.parametrize()
@settings(_PATIENT, max_examples=1000)
def test_every_operation_keeps_to_the_document_a_thousand_times(case: Case, address: str) -> None:
    _validated(case, address)


@pytest.mark.parametrize("examples", [10, pytest.param(100, marks=pytest.mark.long)])
def test_what_one_reply_names_the_next_request_finds(examples: int, place: Place) -> None:
    """Conversations, jobs, entities and evidence: chains of requests, linked by what the document says of them."""

    class Workflow(SCHEMA.as_state_machine()):  # type: ignore[misc]  # made at run time
        def setup(self) -> None:
            place.forget()

        def before_call(self, case: Case) -> None:
            _impatient(case)

        def get_call_kwargs(self, case: Case) -> dict[str, object]:
            return {"base_url": place.address}

        def validate_response(self, response: schemathesis.Response, case: Case, **_: object) -> None:
            _checked(case, response)

    Workflow.run(settings=settings(_PATIENT, max_examples=examples, stateful_step_count=6))

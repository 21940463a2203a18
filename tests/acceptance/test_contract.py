"""The whole API held to its OpenAPI document by Schemathesis, on Rondo whole: what it answers to whatever is sent."""

from copy import deepcopy
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import openapi
from tests.acceptance.stack import Stack, User

SCHEMA = schemathesis.openapi.from_dict(deepcopy(openapi()))  # it resolves references in what it is given
WRONG = [negative_data_rejection]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
    *WRONG,
]
LONGEST = 15_000
"""Characters of the parameters: a request's head has 16 KiB at most, else it is refused before an operation sees it."""
PATIENCE = 60.0
"""Seconds for an answer, which may wait for an outcome itself."""
PRECONDITIONS = {"If-Match", "If-None-Match"}
"""Headers that no course has: by what is made up for them most of its requests would do nothing."""
BEFORE = {412, 413}
"""Refusals, too, but not by what is wrong besides: a body's size and preconditions come before what it says (RFC 9110,
section 13.2.1)."""
IN_A_SHARED_WORLD = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def hold(case: Case, stack: Stack, user: User) -> None:
    """Send a request, and compare what comes back with the document."""
    query = case.query or {}
    assume(len(urlencode(query, doseq=True)) < LONGEST)
    assume(all(value not in ([], {}, None) for value in query.values()))  # else less is sent than was made up
    validate(case, case.call(**to(stack, user)))


def validate(case: Case, response: Response) -> None:
    """Compare an answer with the document, which says of operations what they answer: a long head comes to none."""
    if response.status_code == 431:
        assert len(response.request.url or "") > LONGEST
        return
    before = response.status_code in BEFORE
    case.validate_response(response, checks=[check for check in CHECKS if not before or check not in WRONG])


def to(stack: Stack, user: User) -> dict[str, Any]:
    """Where a request goes, and from whom."""
    return {"base_url": stack.run["api"], "headers": {"Authorization": f"Bearer {user.token}"}}


def courses(stack: Stack, examples: int) -> None:
    """Let requests follow upon each other: what one answered is what the next one is about.

    Each course has a user of its own and waits for outcomes, so that the same course leads to the same answers.
    """

    class Course(SCHEMA.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            self.to = to(stack, stack.new_user())
            self.to |= {"timeout": PATIENCE}
            self.to["headers"]["Prefer"] = "wait=30"

        def before_call(self, case: Case) -> None:
            for name in PRECONDITIONS & case.headers.keys():
                del case.headers[name]

        def get_call_kwargs(self, _case: Case) -> dict[str, Any]:
            return self.to

        def validate_response(self, response: Response, case: Case, **_: Any) -> None:
            validate(case, response)

    run_state_machine_as_test(
        Course, settings=settings(max_examples=examples, stateful_step_count=10, **IN_A_SHARED_WORLD)
    )


def test_requests_that_follow_upon_each_other_are_answered_as_the_document_says(stack: Stack):
    courses(stack, 8)


@pytest.mark.deep
def test_many_courses_of_requests_are_answered_as_the_document_says(stack: Stack):
    courses(stack, 300)


@pytest.mark.deep
@SCHEMA.parametrize()
@settings(max_examples=1_000, **IN_A_SHARED_WORLD)
def test_every_answer_to_a_thousand_requests_is_as_the_document_says(case: Case, stack: Stack, user: User):
    hold(case, stack, user)

"""What the API logs of a request: its ids, and no word of its sender."""

from typing import Any
from uuid import uuid4

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from api.app import create_app, openapi
from api.commands import gateway
from api.configuration import Settings
from schemas import records as r

WORD = "nobodys-business"
SETTINGS = Settings(
    kafka="127.0.0.1:1", registry="http://127.0.0.1:1", postgres="postgresql://127.0.0.1:1/none", secret="s" * 32
)


@pytest.fixture(scope="module")
def client() -> TestClient:
    """A client of the API, of which no part runs."""
    return TestClient(create_app(SETTINGS), raise_server_exceptions=False)


def logged(client: TestClient, method: str, path: str) -> dict[str, Any]:
    with capture_logs() as lines:
        client.request(method, path)
    (line,) = (line for line in lines if line["event"] == "answered")
    assert WORD not in str(lines)
    return line


PATHS = openapi()["paths"]


@pytest.mark.parametrize("path", PATHS)
def test_a_word_that_stands_in_any_path_is_not_logged(client: TestClient, path: str) -> None:
    if path not in {"/live", "/ready"}:
        with_words = "/".join(WORD if part.startswith("{") else part for part in path.split("/"))
        assert logged(client, "GET", f"{with_words}?q={WORD}")["path"] in {*PATHS, "none of the API's"}


@pytest.mark.parametrize("path", [f"/v1/task/{WORD}", f"/{WORD}", "/v1/tasks/x/" + WORD])
def test_a_path_that_the_api_does_not_have_is_not_logged(client: TestClient, path: str) -> None:
    assert logged(client, "GET", path)["path"] == "none of the API's"


def test_an_id_in_a_path_is_logged(client: TestClient) -> None:
    task = str(uuid4())
    assert logged(client, "GET", f"/v1/tasks/{task}")["path"] == f"/v1/tasks/{task}"


def test_a_method_that_http_does_not_have_is_not_logged(client: TestClient) -> None:
    logged(client, WORD, "/v1/tasks")


def test_a_command_about_a_tag_is_logged_without_its_name() -> None:
    assert gateway.about(r.DeleteTag("c", "u", 0, "user:u", WORD, "bulk", "resolution")) == {}
    assert gateway.about(r.DeleteTask("c", "u", 0, "user:u", "id")) == {"task": "id"}


def test_what_goes_wrong_is_logged_by_the_path_s_form() -> None:
    app: FastAPI = create_app(SETTINGS)

    @app.get("/broken/{name}")
    async def broken(name: str) -> None:
        raise ValueError(name)

    with capture_logs() as lines, TestClient(app, raise_server_exceptions=False) as client:
        assert client.get(f"/broken/{WORD}").status_code == 500
    failed = next(line for line in lines if line["event"] == "request failed")
    assert failed["path"] == "/broken/{name}"


def test_what_was_logged_of_a_request_is_not_logged_of_one_sent_ahead_behind_it(client: TestClient) -> None:
    structlog.contextvars.bind_contextvars(user=WORD, type="CreateTask")
    with (
        structlog.contextvars.bound_contextvars(task=WORD),
        capture_logs([structlog.contextvars.merge_contextvars]) as lines,
    ):
        client.get("/v1/tasks")
    answered = next(line for line in lines if line["event"] == "answered")
    assert not {"user", "type", "task"} & answered.keys()

"""A small typed client of Rondo's API, for the command line, the demo and the tests."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

Json = dict[str, Any]
"""An object of the API, as its OpenAPI describes it."""


class Problem(Exception):
    """The API refused a request. ``kind`` is the last part of the problem's type, ``fields`` what is wrong by field."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = dict(document)
        self.kind = str(document.get("type", "")).rpartition("/")[2]
        self.status = int(document.get("status", 0))
        self.detail = str(document.get("detail") or document.get("title") or "The API refused.")
        self.fields = {error["field"]: error["detail"] for error in document.get("errors", ())}
        super().__init__(f"{self.detail} ({self.kind}, {self.status})")


class Rondo:
    """One user's view of Rondo at ``url``, by their token. Closes its connections as a context manager.

    Commands return ``{"command": …, "task": …}``: at once with the status ``pending``, or, where ``wait`` (seconds) is
    given, with the outcome and the whole task. Every method raises ``Problem`` for a refusal, ``httpx.TransportError``
    where the API can't be reached.
    """

    def __init__(self, url: str, token: str, timeout: float = 60) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def create(self, title: str, *, wait: float | None = None, key: str | None = None, **fields: Any) -> Json:
        """Create a task with a title and the other fields that the API knows."""
        return self._command("POST", "/v1/tasks", wait, key, {"title": title, **fields})

    def update(self, task: str, *, wait: float | None = None, key: str | None = None, **fields: Any) -> Json:
        """Set the given fields of a task; None clears one."""
        return self._command("PATCH", f"/v1/tasks/{task}", wait, key, fields)

    def complete(self, task: str, *, wait: float | None = None, key: str | None = None) -> Json:
        """Complete a task."""
        return self._command("POST", f"/v1/tasks/{task}/complete", wait, key)

    def reopen(self, task: str, *, wait: float | None = None, key: str | None = None) -> Json:
        """Open a completed task again."""
        return self._command("POST", f"/v1/tasks/{task}/reopen", wait, key)

    def delete(self, task: str, *, wait: float | None = None, key: str | None = None) -> Json:
        """Delete a task."""
        return self._command("DELETE", f"/v1/tasks/{task}", wait, key)

    def command(self, command: str, *, wait: float | None = None) -> Json:
        """Return a command and what became of it."""
        return self._send("GET", f"/v1/commands/{command}", _headers(wait, None))

    def task(self, task: str) -> Json:
        """Return a task as it stands."""
        return self._send("GET", f"/v1/tasks/{task}")

    def tasks(self, status: str | None = None, limit: int = 50) -> Iterator[Json]:
        """Yield the tasks, the newest first, page by page."""
        return self._pages("/v1/tasks", {"limit": limit} | ({"status": status} if status else {}))

    def history(self, task: str, limit: int = 50) -> Iterator[Json]:
        """Yield a task's audit trail, the oldest entry first."""
        return self._pages(f"/v1/tasks/{task}/history", {"limit": limit})

    def reminders(self, limit: int = 50) -> Iterator[Json]:
        """Yield the reminders, by their instant."""
        return self._pages("/v1/reminders", {"limit": limit})

    def notifications(self, limit: int = 50) -> Iterator[Json]:
        """Yield the notifications with the steps of their delivery, the newest first."""
        return self._pages("/v1/notifications", {"limit": limit})

    def _command(self, method: str, path: str, wait: float | None, key: str | None, body: Json | None = None) -> Json:
        return self._send(method, path, _headers(wait, key), body)

    def _pages(self, path: str, parameters: Mapping[str, Any]) -> Iterator[Json]:
        cursor: str | None = None
        while True:
            page = self._send("GET", path, parameters=dict(parameters) | ({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: Json | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Json:
        answer = self._http.request(method, path, json=body, params=parameters, headers=headers)
        if answer.is_success:
            found: Json = answer.json()
            return found
        raise Problem(_document(answer))


def _headers(wait: float | None, key: str | None) -> dict[str, str]:
    asked = {} if wait is None else {"Prefer": f"wait={wait:.0f}"}
    return asked | ({} if key is None else {"Idempotency-Key": key})


def _document(answer: httpx.Response) -> Json:
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        document: Json = answer.json()
        return document
    return {"status": answer.status_code, "title": answer.reason_phrase}  # a proxy's answer, not the API's

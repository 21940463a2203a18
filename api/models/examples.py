"""The examples of the OpenAPI document: one task's story through every operation."""

from typing import Any

from api.http.document import NULL
from domain.entities import TYPES
from domain.tasks import TASK as TASK_TYPE

_NO_OTHER = {one.word: NULL for one in TYPES if one is not TASK_TYPE}
_COMMAND_ID = "0b1c6c53-6f0e-5c0e-9d7a-3f3f4e9b6a11"
_TASK_ID = "6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21"
LIST_ID = "1f7d2b9c-5a60-5c3d-8b4e-2d9a6c7e8f51"
_REMINDER_ID = "d1f0c3b2-7c1e-5f54-9c86-2a4f8f0f6b31"
_EVENT_ID = "3c9d7a10-8f4b-5f5e-8a1e-6f0b1c2d3e41"
_COMMAND: dict[str, Any] = {"id": _COMMAND_ID, "href": f"/v1/commands/{_COMMAND_ID}"}
_TASK_REF: dict[str, Any] = {"id": _TASK_ID, "href": f"/v1/tasks/{_TASK_ID}"}

_OF_DUE: dict[str, Any] = {"time": NULL, "relative_to": "due", "repeat_every": NULL}
NEW_TASK: dict[str, Any] = {
    "title": "Stand-up",
    "notes": "Ten minutes, no longer.",
    "priority": "high",
    "tags": ["team"],
    "due": {"date": "2026-11-24", "time": "09:00", "zone": "Europe/Paris"},
    "recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "reminders": [{"before": "PT15M"}],
    "start": {"date": "2026-11-24", "time": "08:50", "zone": "Europe/Paris"},
}
CHANGES: dict[str, Any] = {"title": "Stand-up, online", "notes": NULL}
POSTPONED: dict[str, Any] = {"due": {"date": "2026-12-08"}}

TASK: dict[str, Any] = {
    **_TASK_REF,
    "title": "Stand-up",
    "notes": "Ten minutes, no longer.",
    "priority": "high",
    "tags": ["team"],
    "due": {"date": "2026-11-24", "time": "09:00:00", "zone": "Europe/Paris"},
    "due_at": "2026-11-24T08:00:00Z",
    "recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "reminders": [{"id": "5e0d5a34-9c52-5a43-8f77-1b6c2d3e4f51", "before": "PT15M", "at": NULL, **_OF_DUE}],
    "status": "open",
    "series": _TASK_ID,
    "occurrence": "2026-11-24T09:00:00",
    "version": 1,
    "created_at": "2026-11-23T10:00:00Z",
    "changed_at": "2026-11-23T10:00:00Z",
    "completed_at": NULL,
    "start": {"date": "2026-11-24", "time": "08:50:00", "zone": "Europe/Paris"},
    "start_at": "2026-11-24T07:50:00Z",
    "parent": NULL,
    "order": "0Vbmyun2V",
    "pinned": False,
    "list": LIST_ID,
    "rdates": [],
    "exdates": ["2026-12-24T09:00:00"],
    "repeats": "schedule",
    "missed": "skip",
    "subtasks": "reset",
    "closing": NULL,
    "snoozed": NULL,
}
MOVE: dict[str, Any] = {"before": "2b5e8d1a-7f40-5c92-a6b3-8e1d4f7a9c05"}
MOVE_TO_TOP: dict[str, Any] = {"to": "top"}
TITLES: dict[str, Any] = {"items": [{**_TASK_REF, "title": "Stand-up", "status": "open"}], "more": False}

READ: dict[str, Any] = TASK | {
    "words": "Every week from Monday to Friday at 09:00, Paris time, except on 1",
}
LISTED: dict[str, Any] = TASK | {
    "highlights": {
        "title": [{"text": "Stand", "match": True}, {"text": "-up", "match": False}],
        "notes": [],
    }
}
FACETS: dict[str, Any] = {
    "total": 3,
    "status": [{"value": "open", "tasks": 3}],
    "priority": [{"value": "high", "tasks": 1}, {"value": "none", "tasks": 2}],
    "list": [{"value": NULL, "tasks": 3}],
    "tags": [{"value": "team", "tasks": 2}],
    "due": [{"value": "2026-11-24", "tasks": 1}],
    "corrected": NULL,
}

OCCURRENCES: dict[str, Any] = {
    "rule": "FREQ=DAILY",
    "words": "Every day at 02:30, Paris time",
    "occurrences": [
        {
            "local": "2026-03-29T03:30:00",
            "at": "2026-03-29T01:30:00Z",
            "planned": "2026-03-29T02:30:00",
            "moved_by": "clocks",
            "reason": "The clocks in Europe/Paris skip 02:30:00 then.",
        },
    ],
    "omitted": [
        {"planned": "2026-03-28T02:30:00", "omitted_by": "exception", "reason": "It is an exception of the rule."}
    ],
    "ended": False,
}
UPCOMING: dict[str, Any] = {
    "words": "Every week from Monday to Friday at 09:00, Paris time",
    "items": [
        {
            "occurrence": "2026-12-08T09:00:00",
            "due": {"date": "2026-12-10", "time": "09:00:00", "zone": "Europe/Paris"},
            "status": "upcoming",
            "changed": ["due"],
            "following": ["title"],
            "task": NULL,
        },
    ],
    "more": True,
}

PENDING: dict[str, Any] = {**_COMMAND, "status": "pending"}
ACCEPTED: dict[str, Any] = {
    **_COMMAND,
    "status": "accepted",
    "bulk": NULL,
    "at": "2026-11-23T10:00:00Z",
    "version": 1,
    "code": NULL,
    "detail": NULL,
    "field": NULL,
}
KNOWN: dict[str, Any] = {**ACCEPTED, "task": _TASK_REF, **_NO_OTHER}

BULK_BODY: dict[str, Any] = {"filter": "overdue", "zone": "Europe/Paris", "action": "update", "shift": 7}
BULK_OF_NAMED: dict[str, Any] = {"tasks": [{"id": _TASK_ID, "version": 1}], "action": "complete"}
BULK: dict[str, Any] = {
    "id": _COMMAND_ID,
    "href": f"/v1/bulks/{_COMMAND_ID}",
    "status": "done",
    "tasks": 1234,
    "chunks": 3,
    "decided": 3,
    "changed": 1231,
    "unchanged": 2,
    "refused": 1,
}
COUNT: dict[str, Any] = {"tasks": 1234}
REFUSAL: dict[str, Any] = {
    "task": _TASK_REF,
    **_NO_OTHER,
    "code": "version",
    "detail": "The task has changed: its version is 3 by now.",
    "field": NULL,
}

ENTRY: dict[str, Any] = {
    "id": _EVENT_ID,
    "at": "2026-11-23T10:05:00Z",
    "sequence": 2,
    "actor": "user:8d6f6a2e-4c1d-4f6e-9b0a-7f3e5d2c1b61",
    "command": _COMMAND_ID,
    "cause": NULL,
    "event": "TaskUpdated",
    "task": _TASK_ID,
    **_NO_OTHER,
    "changes": [
        {"field": "title", "before": "Stand-up", "after": "Stand-up, online"},
        {"field": "priority", "before": "high", "after": "urgent"},
        {"field": "recurrence", "before": NULL, "after": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"},
        {"field": "reminders", "before": [{"before": "PT15M"}], "after": [{"at": "2026-11-24T07:00:00Z"}]},
    ],
    "previous": "9f2c1e" + "0" * 58,
    "hash": "4b7d3a" + "0" * 58,
    "led_to": NULL,
}
REMINDER: dict[str, Any] = {
    "id": _REMINDER_ID,
    "task": _TASK_REF,
    "reminder": "5e0d5a34-9c52-5a43-8f77-1b6c2d3e4f51",
    "title": "Stand-up",
    "due_at": "2026-11-24T07:45:00Z",
    "status": "scheduled",
    "changed_at": "2026-11-23T10:00:00Z",
}
NOTIFICATION: dict[str, Any] = {
    "id": _REMINDER_ID,
    "task": _TASK_REF,
    "digest": NULL,
    "title": "Stand-up",
    "due_at": "2026-11-24T07:45:00Z",
    "target": NULL,
    "status": "sent",
    "steps": [
        {
            "step": "sent",
            "channel": "log",
            "attempt": 1,
            "at": "2026-11-24T07:45:01Z",
            "detail": NULL,
            "retry_at": NULL,
        }
    ],
}

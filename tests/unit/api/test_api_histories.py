"""The histories of deliveries."""

from datetime import UTC, datetime

from api.models.histories import notification_members
from postgres.rows import Delivery, DeliveryStep
from schemas.records import Step

THEN = datetime(2026, 11, 24, 7, 45, tzinfo=UTC)


def test_an_address_that_an_earlier_version_put_on_record_is_not_shown() -> None:
    detail = "HTTPStatusError: Server error '500 Internal Server Error' for url 'http://user:word@host/path?key=1'"
    step = DeliveryStep(Step.FAILED, "webhook", 1, THEN, "command", detail, None)
    told = notification_members(Delivery("id", "task", "Stand-up", THEN, None, None, (step,)))
    assert [each["detail"] for each in told["steps"]] == ["refused with status 500"]

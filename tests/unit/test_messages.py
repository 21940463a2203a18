"""What is sent for a reminder besides its title is in its user's language."""

import pytest

from domain import ledger
from streams import messages
from tests.unit.domain.given import NOON, due_reminder


@pytest.mark.parametrize(("language", "text"), [("de", "Erinnerung"), ("en", "Reminder"), (None, "Reminder")])
def test_a_reminder_is_in_the_language_of_the_settings(language: str | None, text: str):
    claim = ledger.claim(due_reminder(), "log", NOON)
    message = messages.in_language(messages.reminder(claim), language)
    assert (message.title, message.text) == ("Water the plants", text)

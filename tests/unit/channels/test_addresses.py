"""The kinds of addresses, and what is none."""

import json

import pytest

from channels.addresses import MAX_LENGTH, NoAddress, kind_of

SUBSCRIPTION = {
    "endpoint": "https://push.example.org/send/planted-in-the-address",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}
"""With the keys of RFC 8291, section 5."""

KINDS = {
    "mailto://me:planted@example.org": "mailto",
    "mailtos://me:planted@example.org": "mailto",
    "ntfy://planted": "ntfy",
    "ntfys://ntfy.example.org/planted": "ntfy",
    "tgram://123456789:ABCdefghijklmnopqrstuvwxyz12345678/12315544/": "tgram",
    "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ": "slack",
    "https://example.org/hook?key=planted": "webhook",
    "http://192.168.0.7:8123/api/webhook/planted": "webhook",
    json.dumps(SUBSCRIPTION): "webpush",
}
NONE = (
    "",
    "me@example.org",
    "example.org",
    "planted",
    "mailto://",
    "ftp://planted@example.org",
    "https://",
    "https://example.org:planted",
    "https://[planted",
    "file:///planted",
    "{}",
    "{planted",
    '{"endpoint": "https://planted"}',
    '{"endpoint": 7, "keys": {"p256dh": 7, "auth": []}}',
    json.dumps({**SUBSCRIPTION, "keys": {"p256dh": "planted", "auth": "planted"}}),
    json.dumps({**SUBSCRIPTION, "endpoint": "planted"}),
    "ntfy://planted" + "x" * MAX_LENGTH,
)
LOCAL = ("syslog://", "dbus://", "macosx://", "windows://", "gnome://")


@pytest.mark.parametrize(("address", "kind"), KINDS.items())
def test_an_address_has_the_kind_of_its_service(address: str, kind: str):
    assert kind_of(address) == kind


@pytest.mark.parametrize("address", NONE)
def test_what_is_no_address_is_refused_in_a_sentence_that_does_not_quote_it(address: str):
    with pytest.raises(NoAddress) as refused:
        kind_of(address)
    text = str(refused.value)
    assert text.endswith(".")
    assert "planted" not in text


@pytest.mark.parametrize("address", LOCAL)
def test_nothing_on_the_machine_itself_is_a_target(address: str):
    with pytest.raises(NoAddress):
        kind_of(address)

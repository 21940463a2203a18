"""Addresses as they may be shown: without anything that is, or may be, a part of a password."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.addresses import Unreadable, is_readable, only_origins, origin, readable, without_secrets
from common.causes import described
from rondo.client.address import is_usable

SECRET = "s3cret"
# Characters that a person may forget to escape, and some that need no escape.
ANY = st.text("ab1@/:#?%[], ", max_size=8)


@given(ANY)
def test_an_address_is_refused_or_every_part_of_its_password_is_known_as_that(password: str) -> None:
    with suppress(Unreadable):
        assert without_secrets(readable(f"http://user:{password}x@host:80/path")) == "http://host:80/path"


@given(st.sampled_from(["http://", "https://", "postgresql://", "://", ""]), ANY, ANY, ANY, ANY)
def test_nothing_is_shown_of_a_password_however_it_is_written(
    scheme: str, user: str, before: str, behind: str, rest: str
) -> None:
    address = f"{scheme}{user}:{before}{SECRET}{behind}@host{rest}"
    assert SECRET not in without_secrets(address)
    with suppress(Unreadable):
        assert SECRET not in without_secrets(readable(address))


@given(st.text("ab1@/:#?%[], .ht", max_size=20) | st.builds("http://{}".format, ANY))
def test_what_is_not_readable_is_not_shown_and_not_usable(address: str) -> None:
    assert is_readable(address) or (without_secrets(address).endswith("…") and not is_usable(address))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "127.0.0.1:9092,127.0.0.1:9093",
        "postgresql://user:p%40ss@one:5432,two:5432/rondo?sslmode=require",
        "postgresql:///rondo",
        "http://[::1]:8000/path",
    ],
)
def test_an_address_of_a_part_of_rondo_is_readable(address: str) -> None:
    assert readable(address) == address


WEBHOOKS = {
    f"https://hooks.slack.com/services/T0/B0/{SECRET}": "https://hooks.slack.com",
    f"https://discord.com/api/webhooks/123/{SECRET}": "https://discord.com",
    f"https://api.telegram.org/bot123:{SECRET}/sendMessage?chat_id=1": "https://api.telegram.org",
    f"https://ntfy.sh/{SECRET}": "https://ntfy.sh",
    f"https://ntfy.example:8443/{SECRET}?auth={SECRET}": "https://ntfy.example:8443",
    f"https://acme.webhook.office.com/webhookb2/{SECRET}@{SECRET}/IncomingWebhook/{SECRET}/{SECRET}": "https://…",
    f"https://maker.ifttt.com/trigger/x/with/key/{SECRET}": "https://maker.ifttt.com",
    f"http://user:{SECRET}@10.0.0.1:8080/hook": "http://10.0.0.1:8080",
    f"http://{SECRET}@host/": "http://host",
    f"https://host/?key={SECRET}": "https://host",
    f"https://host?key={SECRET}": "https://host",
    f"https://host#{SECRET}": "https://host",
    f"https://host/a#{SECRET}": "https://host",
    f"http://user:a/{SECRET}@host/": "http://…",
    f"http://user:a@{SECRET}@host/": "http://…",
    f"http://user:a#{SECRET}@host/": "http://…",
    f"http://user:a?{SECRET}@host/": "http://…",
    f"http://user:{SECRET}/x": "http://…",
    f"http://user:{SECRET}": "http://…",
    f"http://host/redirect?to=http://user:{SECRET}@other/": "http://…",
    f"https://bücher.example/{SECRET}": "https://bücher.example",
    f"https://u:{SECRET}@xn--bcher-kva.example:1/{SECRET}": "https://xn--bcher-kva.example:1",
    f"http://[2001:db8::1]:8080/{SECRET}": "http://[2001:db8::1]:8080",
    f"http://u:{SECRET}@[::1]/{SECRET}": "http://[::1]",
    f"http://[{SECRET}": "http://…",
    f"postgresql://u:{SECRET}@one:5432,two:5433/rondo?password={SECRET}": "postgresql://one:5432,two:5433",
    f"postgresql:///rondo?host=/run&password={SECRET}": "postgresql://",
    f"host=127.0.0.1 password={SECRET} dbname=rondo": "…",
    f"u:{SECRET}@host:9092": "…",
    "127.0.0.1:9092,localhost:9093,[::1]:9094": "127.0.0.1:9092,localhost:9093,[::1]:9094",
}
"""Addresses as services give them to people, and what may be shown of them."""
within_a_text = pytest.mark.parametrize(
    "text", ["{}", "it failed at {}.", "({}): no", "url '{}'", 'for "{}",', "<{}>", "At {}: error; {} too!"]
)


@pytest.mark.parametrize("address", WEBHOOKS)
def test_of_an_address_nothing_is_shown_but_scheme_hosts_and_ports(address: str) -> None:
    assert origin(address) == WEBHOOKS[address]


@within_a_text
@pytest.mark.parametrize("address", [each for each in WEBHOOKS if "://" in each])
def test_nothing_else_of_an_address_stands_in_a_text_that_quotes_one(address: str, text: str) -> None:
    said = text.replace("{}", address)
    assert only_origins(said) == text.replace("{}", WEBHOOKS[address])
    assert described(OSError(said)) == f"OSError: {text.replace('{}', WEBHOOKS[address])}"


@given(st.text("ab1", min_size=1), st.text("ab1@/:#?%[],=&.", max_size=20))
def test_whatever_follows_the_host_is_not_shown(host: str, behind: str) -> None:
    shown = origin(f"https://{host}.example/{SECRET}{behind}")
    assert shown in {f"https://{host}.example", "https://…"}


@given(ANY, st.sampled_from(["", ":", "/"]))
def test_a_password_is_not_shown_in_whatever_form_it_stands(password: str, behind: str) -> None:
    assert SECRET not in origin(f"https://user:{password}{SECRET}{behind}@host/path")

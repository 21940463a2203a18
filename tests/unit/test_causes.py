"""What is said of errors quotes neither what users wrote nor what settings hold."""

import asyncio
import json
import subprocess
import sys

import asyncpg
import httpx
import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError
from pydantic import TypeAdapter, ValidationError

import api.configuration
import schemas.registry.__main__ as registry_settings
import streams.runtime.settings
from common import addresses, causes, settings
from schemas.codec import Undecodable
from schemas.registry.client import Registry, RegistryUnavailable
from streams.runtime.verdicts import FoldError
from tests.unit.test_addresses import SECRET, WEBHOOKS

WORD = "planted-by-a-user"


def raised(error: BaseException) -> BaseException:
    """The error as it is once it was raised: with the place where that was."""
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def of_pydantic() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(int).validate_python(WORD)
    return caught.value


def of_postgres() -> asyncpg.PostgresError:
    error = asyncpg.CheckViolationError(f'new row violates check constraint "{WORD}"')
    error.sqlstate, error.detail, error.constraint_name = "23514", f"Failing row contains ({WORD}).", "tasks_check"
    return error


QUOTING = [
    KeyError(WORD),
    ValueError(WORD),
    RuntimeError(WORD),
    UnicodeDecodeError("utf-8", WORD.encode(), 0, 1, WORD),
    msgspec.ValidationError(WORD),
    httpx.InvalidURL(WORD),
    httpx.ConnectError(WORD),
    Undecodable(f"the bytes are no Task: {WORD}"),
    FoldError(f"KeyError: '{WORD}'"),
    of_pydantic(),
    of_postgres(),
    ExceptionGroup(WORD, [KeyError(WORD)]),
]


@pytest.mark.parametrize("error", QUOTING, ids=lambda error: type(error).__name__)
def test_an_error_that_may_quote_words_is_described_without_them(error: Exception) -> None:
    raised(error).__cause__ = raised(KeyError(WORD))
    assert WORD not in causes.described(error)
    assert WORD not in causes.trace(error)
    assert type(error).__name__ in causes.trace(error)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
        (of_postgres(), "CheckViolationError (23514, tasks_check)"),
        (KafkaConnectionError("no broker"), "KafkaConnectionError: KafkaConnectionError: no broker"),
        (RegistryUnavailable("It is away."), "RegistryUnavailable: It is away."),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_what_the_machine_and_its_parts_say_is_described_with_their_words(error: Exception, says: str) -> None:
    assert causes.described(error) == says


def test_an_error_without_its_words_is_found_by_its_place() -> None:
    assert causes.described(raised(KeyError(WORD))).startswith("KeyError at tests/unit/test_causes.py:")


LOG = """
import asyncio, logging, structlog, threading
from common import logs
logs.configure("debug")
WORD = "planted-by" + "-a-user"
async def fail():
    raise KeyError(WORD)
async def main():
    asyncio.ensure_future(fail())
    await asyncio.sleep(0.01)
    __import__("gc").collect()
asyncio.run(main())
try:
    raise ValueError(WORD)
except ValueError as error:
    structlog.get_logger().error("one", exc_info=error)
    structlog.get_logger().exception("two")
    logging.getLogger("library").exception("three %r", error)
    caught = error
threading.Thread(target=fail().send, args=(None,)).start()
raise RuntimeError(WORD) from caught
"""


def test_no_traceback_in_a_log_tells_the_words_of_its_errors() -> None:
    done = subprocess.run([sys.executable, "-c", LOG], capture_output=True, text=True, check=False, timeout=60)
    assert WORD not in done.stderr
    events = {json.loads(line).get("event") for line in done.stderr.splitlines() if line.startswith("{")}
    assert events == {"Task exception was never retrieved", "one", "two", "three 'ValueError'", "uncaught"}


READING = {
    "api": (api.configuration.Settings, ("kafka", "registry", "postgres", "secret")),
    "registry": (registry_settings.Settings, ("kafka", "registry")),
    "worker": (streams.runtime.settings.Settings, ("kafka", "registry", "postgres", "webhook")),
}
"""Settings that may hold secrets, of each process."""
GOOD = {
    "kafka": "h:9",
    "registry": "http://h:1",
    "postgres": "postgresql://h/d",
    "secret": "s" * 32,
    "webhook": "http://h/",
}


@pytest.mark.parametrize("name", READING)
def test_a_setting_that_is_refused_is_not_quoted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, fields = READING[name]
    for field in fields:
        for address in [
            *WEBHOOKS,
            SECRET,
            f"{SECRET} {SECRET}",
            f"ftp://{SECRET}",
            f"kafka://u:{SECRET}@h:9",
            f"http://h:99999/{SECRET}",
        ]:
            for known in fields:
                monkeypatch.setenv(f"RONDO_{known.upper()}", address if known == field else GOOD[known])
            told = refusal_of(kind)
            assert SECRET not in told
            assert not told or f"RONDO_{field.upper()}" in told


def refusal_of(kind: type[settings.Settings]) -> str:
    """What a process with these settings ends with, nothing where it starts."""
    try:
        settings.load(kind)
    except SystemExit as error:
        return str(error)
    return ""


def test_brokers_are_named_without_a_password() -> None:
    for form in ("u:{}@h:9", "h:9,u:{}@h:9", "kafka://h:9/{}", "h:9?password={}", "h:9 {}"):
        with pytest.raises(ValueError, match="without a user") as refused:
            addresses.brokers(form.format(SECRET))
        assert SECRET not in str(refused.value)
    assert addresses.brokers("one:9092,[::1]:9093,kafka") == "one:9092,[::1]:9093,kafka"


async def test_what_a_registry_quotes_of_its_address_is_not_told() -> None:
    answer = b'{"message": "nothing at /%s/schemas/ids/1"}' % SECRET.encode()
    head = b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n" % len(answer)

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + answer)
        writer.close()

    async with await asyncio.start_server(tell, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        registry = Registry(f"http://u:{SECRET}@127.0.0.1:{port}/{SECRET}/?key={SECRET}", retries=0)
        with pytest.raises(RegistryUnavailable, match="nothing at /…/schemas/ids/1") as told:
            await registry.schema(1)
        await registry.aclose()
    assert SECRET not in str(told.value)


def test_what_is_tried_again_is_logged_without_what_its_error_quotes() -> None:
    code = f"""if True:
        import stamina
        from common import logs
        from streams.worker import _log_retry
        logs.configure("info")
        stamina.instrumentation.set_on_retry_hooks([_log_retry])
        stamina.RetryingCaller(attempts=2, wait_max=0.01)(KeyError, lambda: {{}}["{SECRET}"])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert SECRET not in done.stderr
    assert '"event": "tried again"' in done.stderr


async def test_a_registry_that_is_away_is_reported_without_its_password() -> None:
    registry = Registry(f"http://user:{WORD}@127.0.0.1:1?key={WORD}", retries=0)
    with pytest.raises(RegistryUnavailable, match=r"at http://127\.0\.0\.1:1 can't be reached") as raised:
        await registry.schema(1)
    await registry.aclose()
    assert WORD not in str(raised.value)

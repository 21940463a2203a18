"""An address of Postgres means the same to both drivers."""

import ast
from pathlib import Path

import pytest

from postgres import connections
from tests.certificates import Authority
from tests.unit.test_imports import MODULES

AT = "postgresql://user:pass%40word@ep-x-pooler.region.aws.neon.tech/db"
DRIVERS = ("asyncpg.connect", "asyncpg.create_pool", "psycopg.connect")


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_certificate_and_name_are_verified_at(mode: str):
    options = connections._options(f"{AT}?sslmode={mode}&channel_binding=require&sslrootcert=system")
    assert options["dsn"] == AT
    assert options["ssl"].check_hostname
    assert options["ssl"].verify_mode.name == "CERT_REQUIRED"


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
def test_a_mode_that_does_not_ask_for_tls_is_left_to_the_driver(mode: str):
    assert connections._options(f"{AT}?sslmode={mode}&application_name=a%20b") == {
        "dsn": f"{AT}?application_name=a%20b",
        "ssl": mode,
    }


def test_without_a_mode_only_an_authority_asks_for_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert connections._options(AT) == {"dsn": AT}
    monkeypatch.setenv("RONDO_POSTGRES_CA", str(Authority(tmp_path / "ca.pem").file))
    assert connections._options(AT)["ssl"].check_hostname


def test_several_hosts_stay():
    address = "postgresql://u:p@one:5432,two:5433/db"
    assert connections._options(f"{address}?target_session_attrs=primary")["dsn"].startswith(address)


OURS = sorted(name for name in MODULES if name != "postgres.connections" and not name.startswith("bench"))


@pytest.mark.parametrize("module", OURS)
def test_connections_to_postgres_are_made_in_one_place(module: str):
    calls = [node for node in ast.walk(ast.parse(MODULES[module].read_text())) if isinstance(node, ast.Call)]
    assert [node.lineno for node in calls if ast.unparse(node.func) in DRIVERS] == []

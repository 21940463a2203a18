"""The settings of connections to Kafka, from the environment."""

import ast
import re
from pathlib import Path

import pytest

from common import settings
from schemas.kafka.clients import Security
from tests.certificates import Authority
from tests.unit.test_imports import MODULES

USER = {"RONDO_KAFKA_USER": "rondo", "RONDO_KAFKA_PASSWORD": "hunter2-hunter2"}
TLS = {"RONDO_KAFKA_TLS": "true"}
SCRAM = {"RONDO_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"}
CLIENT = re.compile(r"^AIOKafka(Client|Producer|Consumer|AdminClient)$")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    def load(environment: dict[str, str]) -> Security:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return settings.load(Security)

    return load


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({}, "PLAINTEXT"),
        (TLS, "SSL"),
        ({**USER, **SCRAM}, "SASL_PLAINTEXT"),
        ({**USER, **SCRAM, **TLS}, "SASL_SSL"),
        ({**USER, **TLS, "RONDO_KAFKA_SASL_MECHANISM": "PLAIN"}, "SASL_SSL"),
    ],
)
def test_the_protocol_follows_from_the_settings(load, environment: dict[str, str], protocol: str):
    assert load(environment).options()["security_protocol"] == protocol


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (USER, "The setting RONDO_KAFKA_USER needs RONDO_KAFKA_SASL_MECHANISM."),
        (SCRAM, "The setting RONDO_KAFKA_SASL_MECHANISM needs RONDO_KAFKA_USER and RONDO_KAFKA_PASSWORD."),
        (
            {"RONDO_KAFKA_SASL_MECHANISM": "GSSAPI"},
            "The setting RONDO_KAFKA_SASL_MECHANISM is not usable: Input should",
        ),
        (
            {**USER, "RONDO_KAFKA_SASL_MECHANISM": "PLAIN"},
            "The setting RONDO_KAFKA_SASL_MECHANISM must not be PLAIN without RONDO_KAFKA_TLS=true",
        ),
        ({"RONDO_KAFKA_CA": "/nowhere", **TLS}, "The setting RONDO_KAFKA_CA is not usable: '/nowhere' can't be read"),
        ({"RONDO_KAFKA_CA": __file__, **TLS}, f"The setting RONDO_KAFKA_CA is not usable: {__file__!r} has no certi"),
        ({"RONDO_KAFKA_TLS": "perhaps"}, "The setting RONDO_KAFKA_TLS is not usable: Input should be a valid boolean"),
        (
            {"RONDO_KAFKA_PASSWORD_FILE": "/nowhere"},
            "RONDO_KAFKA_PASSWORD_FILE names '/nowhere', which can't be read (No such file or directory).",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_refused_in_one_sentence(load, environment: dict[str, str], sentence: str):
    with pytest.raises(SystemExit) as raised:
        load(environment)
    said = str(raised.value)
    assert said.startswith(sentence)
    assert "hunter2" not in said
    assert "\n" not in said


def test_an_authority_needs_tls(load, tmp_path: Path):
    with pytest.raises(SystemExit, match=r"^The setting RONDO_KAFKA_CA needs RONDO_KAFKA_TLS=true\.$"):
        load({"RONDO_KAFKA_CA": str(Authority(tmp_path / "ca.pem").file)})


def test_only_the_authority_of_the_setting_is_trusted(load, tmp_path: Path):
    options = load({**TLS, "RONDO_KAFKA_CA": str(Authority(tmp_path / "ca.pem").file)}).options()
    assert options["ssl_context"].cert_store_stats()["x509_ca"] == 1
    assert options["ssl_context"].check_hostname


def test_a_password_is_read_from_a_file_without_its_line_break(load, tmp_path: Path):
    (tmp_path / "password").write_text("hunter2 \n")
    file = {"RONDO_KAFKA_PASSWORD": "", "RONDO_KAFKA_PASSWORD_FILE": str(tmp_path / "password")}
    assert load({**USER, **SCRAM, **file}).kafka_password == "hunter2 "


def test_a_password_is_in_no_representation(load):
    found = load({**USER, **SCRAM})
    assert "hunter2" not in f"{found!r} {found}"


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"schemas.kafka.clients"}))
def test_clients_of_kafka_are_made_in_one_place(module: str):
    calls = [node for node in ast.walk(ast.parse(MODULES[module].read_text())) if isinstance(node, ast.Call)]
    assert [node.lineno for node in calls if CLIENT.match(ast.unparse(node.func).rpartition(".")[2])] == []

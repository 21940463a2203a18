"""Apache Kafka with a listener for SASL over TLS, users with passwords, and access control lists."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aiokafka.errors import KafkaError

from local import kafka, ports
from local.java import java
from local.process import Command, Process
from schemas.kafka import admin
from tests.certificates import Authority

ADMIN, ADMIN_PASSWORD = "admin", "planted-admin-password"
"""A user who may do everything."""
STRANGER, STRANGER_PASSWORD = "stranger", "planted-stranger-password"
"""A user who may do nothing."""
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_USERS = {ADMIN: ADMIN_PASSWORD, STRANGER: STRANGER_PASSWORD}
_MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class Secured:
    """The broker.

    ``kafka`` is its listener with TLS and SASL, ``limited`` another that offers one mechanism only, SCRAM-SHA-512, and
    ``inside`` one without both, where everybody may do everything.
    """

    kafka: str
    limited: str
    inside: str
    ca: Path

    def environment(self, user: str = ADMIN, mechanism: str = "SCRAM-SHA-512") -> dict[str, str]:
        """Return the settings by which a process of Rondo connects as this user."""
        return {
            "RONDO_KAFKA": self.kafka,
            "RONDO_KAFKA_TLS": "true",
            "RONDO_KAFKA_CA": str(self.ca),
            "RONDO_KAFKA_SASL_MECHANISM": mechanism,
            "RONDO_KAFKA_USER": user,
            "RONDO_KAFKA_PASSWORD": _USERS[user],
        }


@contextmanager
def started(jars: Path, directory: Path) -> Iterator[Secured]:
    """Run the broker with its files in ``directory``."""
    directory.mkdir()
    ca = Authority(directory / "ca.pem")
    certificate = ca.issue(directory / "broker.pem")
    chosen = ports.choose(["inside", "controller", "secured", "limited"], {})
    file = directory / "server.properties"
    file.write_text(_properties(directory, certificate, **chosen))

    def program(name: str, main: str, *arguments: str) -> Command:
        argv = [java(), "-Xmx512m", "-XX:+UseSerialGC", "-cp", f"{jars.absolute()}/*", main, *arguments]
        return Command(name, argv, directory / "kafka.log", cwd=directory, foreign=True)

    users = [
        f"--add-scram={mechanism}=[name={user},password={password}]"
        for mechanism in MECHANISMS[1:]
        for user, password in _USERS.items()
    ]
    form = ["format", f"--cluster-id={kafka.cluster_id()}", f"--release-version={kafka.RELEASE}", f"--config={file}"]
    Process(program("Kafka's storage tool", "kafka.tools.StorageTool", *form, *users)).wait()
    broker = Process(program("The secured broker", "kafka.Kafka", str(file)))
    inside = f"{ports.HOST}:{chosen['inside']}"
    try:
        broker.wait_until(lambda: _answers(inside), 60)
        yield Secured(*(f"{ports.HOST}:{chosen[name]}" for name in ("secured", "limited")), inside, ca.file)
    finally:
        broker.stop()


def _answers(inside: str) -> bool:
    with suppress(KafkaError, OSError):
        return bool(asyncio.run(admin.cluster(inside)))
    return False


def _properties(directory: Path, certificate: Path, *, inside: int, controller: int, secured: int, limited: int) -> str:
    plain = " ".join(f'user_{user}="{password}"' for user, password in _USERS.items())
    listener = "listener.name.secured"
    own = {
        "listeners": f"PLAINTEXT://{ports.HOST}:{inside},CONTROLLER://{ports.HOST}:{controller}"
        f",SECURED://{ports.HOST}:{secured},LIMITED://{ports.HOST}:{limited}",
        "advertised.listeners": f"PLAINTEXT://{ports.HOST}:{inside},SECURED://{ports.HOST}:{secured}"
        f",LIMITED://{ports.HOST}:{limited}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:SASL_SSL,LIMITED:SASL_SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": certificate,
        f"{listener}.sasl.enabled.mechanisms": ",".join(MECHANISMS),
        f"{listener}.plain.sasl.jaas.config": f"{_MODULES}.plain.PlainLoginModule required {plain};",
        f"{listener}.scram-sha-256.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
        f"{listener}.scram-sha-512.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
        "listener.name.limited.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.limited.scram-sha-512.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
    }
    return kafka.properties("data", inside, controller) + "".join(f"{name}={value}\n" for name, value in own.items())

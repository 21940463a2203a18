"""Makes every client of Kafka: all connect in the same way.

The brokers' addresses are an argument. How to authenticate is not: it comes from the environment where a client is
made, so that nothing else holds a password. A password in a file may so be replaced while a process runs.
"""

from typing import Any, Literal, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from pydantic import model_validator

from common import settings, tls


class Security(settings.Environment):
    """The settings of connections to Kafka."""

    kafka_tls: bool = False
    """Connect to the broker with TLS. Its certificate is verified, with its name."""
    kafka_ca: tls.Authorities | None = None
    """A file with the authorities that sign the broker's certificate (PEM); by default the system's."""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    """The mechanism by which the user authenticates to the broker: without one, no user does."""
    kafka_user: str = ""
    """The user at the broker."""
    kafka_password: settings.Secret = ""
    """The user's password at the broker."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kafka_ca and not self.kafka_tls:
            raise settings.Conflict("RONDO_KAFKA_CA", "needs RONDO_KAFKA_TLS=true")
        settings.all_or_none(self, "kafka_sasl_mechanism", "kafka_user", "kafka_password")
        if self.kafka_sasl_mechanism == "PLAIN" and not self.kafka_tls:
            raise settings.Conflict(
                "RONDO_KAFKA_SASL_MECHANISM",
                "must not be PLAIN without RONDO_KAFKA_TLS=true, as the password would be sent in the clear",
            )
        return self

    def options(self) -> dict[str, Any]:
        """Return the options of aiokafka's clients."""
        found: dict[str, Any] = {"security_protocol": self._protocol()}
        if self.kafka_tls:
            found["ssl_context"] = tls.context(self.kafka_ca)
        if self.kafka_sasl_mechanism:
            found["sasl_mechanism"] = self.kafka_sasl_mechanism
            found["sasl_plain_username"], found["sasl_plain_password"] = self.kafka_user, self.kafka_password
        return found

    def _protocol(self) -> str:
        transport = "SSL" if self.kafka_tls else "PLAINTEXT"
        return f"SASL_{transport}" if self.kafka_sasl_mechanism else transport


def producer(kafka: str, **options: Any) -> AIOKafkaProducer:
    """Return a producer, not started."""
    return AIOKafkaProducer(bootstrap_servers=kafka, **Security().options(), **options)


def consumer(kafka: str, **options: Any) -> AIOKafkaConsumer:
    """Return a consumer, not started."""
    return AIOKafkaConsumer(bootstrap_servers=kafka, **Security().options(), **options)


def admin(kafka: str) -> AIOKafkaAdminClient:
    """Return an admin client, not started."""
    return AIOKafkaAdminClient(bootstrap_servers=kafka, **Security().options())


def bare(kafka: str, **options: Any) -> AIOKafkaClient:
    """Return a client for requests that the others lack, not connected."""
    return AIOKafkaClient(bootstrap_servers=kafka, **Security().options(), **options)

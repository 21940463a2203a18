"""Finds out why a broker refuses a client: aiokafka reports only that it can't connect."""

import asyncio
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.protocol.metadata import MetadataRequest

from common import tls
from schemas.kafka.clients import Security

_PATIENCE = 5.0
"""Seconds that one broker has to answer."""
_AWAY = (OSError, EOFError, TimeoutError, errors.KafkaError)


async def refusal(kafka: str, topics: Iterable[str] = ()) -> str | None:
    """Return a sentence that says which setting the brokers refuse, and what to do.

    None if they refuse none, or if no broker answers. The user must be allowed to describe ``topics`` that exist.
    """
    for host, port, _ in collect_hosts(kafka, randomize=False):
        with suppress(*_AWAY):
            async with asyncio.timeout(_PATIENCE):
                return await _Broker(host, port, Security()).refusal([*topics])
    return None


@dataclass(frozen=True)
class _Broker:
    host: str
    port: int
    security: Security

    @property
    def name(self) -> str:
        return f"The broker {self.host}:{self.port}"

    async def refusal(self, topics: list[str]) -> str | None:
        """Return what it refuses. Raises an error of ``_AWAY`` if that can't be found out."""
        try:
            connection = await self._connect(self.security)
        except ssl.SSLCertVerificationError as error:
            return tls.refusal(self.name, error, "RONDO_KAFKA", self.security.kafka_ca)
        except ConnectionRefusedError:
            return None
        except _AWAY as error:
            return self._of_user(error) or await self._transport()
        try:
            return await self._rights(connection, topics)
        finally:
            connection.close()

    def _of_user(self, error: Exception) -> str | None:
        user, mechanism = self.security.kafka_user, self.security.kafka_sasl_mechanism
        sentences = {
            errors.UnsupportedSaslMechanismError: f"does not offer {mechanism}: correct RONDO_KAFKA_SASL_MECHANISM.",
            errors.IllegalSaslStateError: "asks for no user: unset RONDO_KAFKA_SASL_MECHANISM, _USER and _PASSWORD.",
            errors.SaslAuthenticationFailed: f"refuses user {user}: correct RONDO_KAFKA_USER and RONDO_KAFKA_PASSWORD.",
        }
        sentence = sentences.get(type(error))
        return sentence and f"{self.name} {sentence}"

    async def _rights(self, connection: AIOKafkaConnection, topics: list[str]) -> str | None:
        try:
            answer = await connection.send(MetadataRequest(topics, False))
        except errors.KafkaConnectionError:  # so does a listener for users end a connection without one
            if self.security.kafka_sasl_mechanism:
                raise
            return f"{self.name} asks for a user: set RONDO_KAFKA_SASL_MECHANISM, _USER and _PASSWORD."
        for code, topic, *_ in answer.topics:
            if errors.for_code(code) is errors.TopicAuthorizationFailedError:
                return not_allowed(f"use the topic {topic}")
        return None

    async def _transport(self) -> str | None:
        """Return whether the broker speaks TLS where the settings say otherwise, or the reverse."""
        if not self.security.kafka_tls:
            _, writer = await asyncio.open_connection(self.host, self.port, ssl=_unverified())
            writer.close()
            return f"{self.name} speaks TLS: set RONDO_KAFKA_TLS=true."
        (await self._connect(Security.model_construct())).close()
        return f"{self.name} speaks no TLS: unset RONDO_KAFKA_TLS, or name its port for TLS in RONDO_KAFKA."

    async def _connect(self, security: Security) -> AIOKafkaConnection:
        return await create_conn(self.host, self.port, **security.options())


def not_allowed(what: str) -> str:
    """Return the sentence about a right that the user of the settings lacks."""
    user = Security().kafka_user or "without a name"
    return f"The broker does not allow user {user} to {what}: add that right, or correct RONDO_KAFKA_USER."


def _unverified() -> ssl.SSLContext:
    """Return a context for a handshake after which nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context

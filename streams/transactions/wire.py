"""Requests of Kafka's protocol about transactions that aiokafka lacks."""

from collections.abc import Sequence
from typing import Any, ClassVar

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

_TEXT, _TAGS = CompactString("utf-8"), ("tags", TaggedFields)


def _partitions(name: str, numbers: str) -> CompactArray:
    return CompactArray((name, _TEXT), (numbers, CompactArray(Int32)), _TAGS)


class DescribeProducersResponseV0(Response):  # type: ignore[misc]
    """The producers of partitions, and the offset at which an open transaction begins (-1: none)."""

    API_KEY, API_VERSION = 61, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("error_message", _TEXT),
                        (
                            "producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("start_offset", Int64),
                                _TAGS,
                            ),
                        ),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class DescribeProducersRequestV0(RequestStruct):  # type: ignore[misc]
    """The encoded request."""

    API_KEY, API_VERSION, FLEXIBLE_VERSION = 61, 0, True
    RESPONSE_TYPE = DescribeProducersResponseV0
    SCHEMA = Schema(("topics", _partitions("name", "partitions")), _TAGS)


class ListTransactionsResponseV0(Response):  # type: ignore[misc]
    """The transactional ids that a broker coordinates."""

    API_KEY, API_VERSION = 66, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("unknown_states", CompactArray(_TEXT)),
        ("transactions", CompactArray(("id", _TEXT), ("producer_id", Int64), ("state", _TEXT), _TAGS)),
        _TAGS,
    )


class ListTransactionsRequestV0(RequestStruct):  # type: ignore[misc]
    """The encoded request."""

    API_KEY, API_VERSION, FLEXIBLE_VERSION = 66, 0, True
    RESPONSE_TYPE = ListTransactionsResponseV0
    SCHEMA = Schema(("states", CompactArray(_TEXT)), ("producer_ids", CompactArray(Int64)), _TAGS)


class DescribeTransactionsResponseV0(Response):  # type: ignore[misc]
    """The states of transactional ids; for one that is ending, the partitions still without a marker."""

    API_KEY, API_VERSION = 65, 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "transactions",
            CompactArray(
                ("error_code", Int16),
                ("id", _TEXT),
                ("state", _TEXT),
                ("timeout_ms", Int32),
                ("start_time_ms", Int64),
                ("producer_id", Int64),
                ("producer_epoch", Int16),
                ("topics", _partitions("topic", "partitions")),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class DescribeTransactionsRequestV0(RequestStruct):  # type: ignore[misc]
    """The encoded request."""

    API_KEY, API_VERSION, FLEXIBLE_VERSION = 65, 0, True
    RESPONSE_TYPE = DescribeTransactionsResponseV0
    SCHEMA = Schema(("ids", CompactArray(_TEXT)), _TAGS)


class WriteTxnMarkersResponseV1(Response):  # type: ignore[misc]
    """Whether markers were written, for each partition."""

    API_KEY, API_VERSION = 27, 1
    SCHEMA = Schema(
        (
            "markers",
            CompactArray(
                ("producer_id", Int64),
                (
                    "topics",
                    CompactArray(
                        ("name", _TEXT),
                        ("partitions", CompactArray(("partition", Int32), ("error_code", Int16), _TAGS)),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class WriteTxnMarkersRequestV1(RequestStruct):  # type: ignore[misc]
    """The encoded request."""

    API_KEY, API_VERSION, FLEXIBLE_VERSION = 27, 1, True
    RESPONSE_TYPE = WriteTxnMarkersResponseV1
    SCHEMA = Schema(
        (
            "markers",
            CompactArray(
                ("producer_id", Int64),
                ("producer_epoch", Int16),
                ("committed", Boolean),
                ("topics", _partitions("name", "partitions")),
                ("coordinator_epoch", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class DescribeProducers(Request[DescribeProducersRequestV0]):  # type: ignore[misc]
    """Ask for the producers of ``topics``, as ``(name, partitions, {})``, whose leader the broker is."""

    API_KEY: ClassVar[int] = 61

    def __init__(self, topics: Sequence[tuple[Any, ...]]) -> None:
        self._topics = topics

    def build(self, struct: type[DescribeProducersRequestV0]) -> DescribeProducersRequestV0:
        """Return the request for a version."""
        return struct(self._topics, {})


class ListTransactions(Request[ListTransactionsRequestV0]):  # type: ignore[misc]
    """Ask for the transactional ids of these states and producer ids that the broker coordinates; empty means any."""

    API_KEY: ClassVar[int] = 66

    def __init__(self, states: Sequence[str], producers: Sequence[int]) -> None:
        self._states = states
        self._producers = producers

    def build(self, struct: type[ListTransactionsRequestV0]) -> ListTransactionsRequestV0:
        """Return the request for a version."""
        return struct(self._states, self._producers, {})


class DescribeTransactions(Request[DescribeTransactionsRequestV0]):  # type: ignore[misc]
    """Ask for the states of transactional ids that the broker coordinates."""

    API_KEY: ClassVar[int] = 65

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = ids

    def build(self, struct: type[DescribeTransactionsRequestV0]) -> DescribeTransactionsRequestV0:
        """Return the request for a version."""
        return struct(self._ids, {})


class WriteTxnMarkers(Request[WriteTxnMarkersRequestV1]):  # type: ignore[misc]
    """Write markers into partitions whose leader the broker is."""

    API_KEY: ClassVar[int] = 27

    def __init__(self, markers: Sequence[tuple[Any, ...]]) -> None:
        self._markers = markers

    def build(self, struct: type[WriteTxnMarkersRequestV1]) -> WriteTxnMarkersRequestV1:
        """Return the request for a version."""
        return struct(self._markers, {})

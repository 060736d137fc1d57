"""aiokafka's exceptions as ours, by table, and the reason for a failed connection, which aiokafka only logs."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka import errors as kafka

from producer.errors import Fenced, SinkError, SinkRefused, SinkUnavailable

FENCED = (kafka.ProducerFenced, kafka.InvalidProducerEpoch)
REFUSED = (
    kafka.AuthenticationFailedError,
    kafka.AuthenticationMethodNotSupported,
    kafka.ClusterAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.IllegalSaslStateError,
    kafka.IncompatibleBrokerVersion,
    kafka.InvalidConfigurationError,
    kafka.InvalidReplicationFactorError,
    kafka.InvalidTopicError,
    kafka.InvalidTransactionTimeout,
    kafka.MessageSizeTooLargeError,
    kafka.PolicyViolationError,
    kafka.RecordListTooLargeError,
    kafka.SaslAuthenticationFailed,
    kafka.TopicAuthorizationFailedError,
    kafka.TransactionalIdAuthorizationFailed,
    kafka.UnknownTopicOrPartitionError,
    kafka.UnsupportedSaslMechanismError,
    kafka.UnsupportedVersionError,
    ssl.SSLError,
)
# Anything else is taken as passing: the lane is discarded and starts again from what was committed.

FOREIGN = (kafka.KafkaError, kafka.IllegalOperation, kafka.ConsumerStoppedError, OSError, AssertionError)
"""What aiokafka raises. Its checks of its own state are asserts; TimeoutError is an OSError."""


def as_sink_error(exc: BaseException, doing: str, reason: BaseException | None = None) -> SinkError:
    """Our error for one of FOREIGN. `reason` is what really happened, where aiokafka says no more than 'unable'."""
    cause = reason or exc
    message = f"{doing}: {_said(cause)}"
    if isinstance(cause, FENCED):
        return Fenced(message)
    if isinstance(cause, REFUSED):
        return SinkRefused(message)
    return SinkUnavailable(message)


def _said(cause: BaseException) -> str:
    name, said = type(cause).__name__, str(cause)
    if not said:
        return "no answer in time" if isinstance(cause, TimeoutError) else name
    return said if name in said else f"{name}: {said}"


@contextmanager
def as_sink_errors(doing: str) -> Iterator[None]:
    """Turn FOREIGN exceptions into ours at the door. Raises Fenced, SinkRefused, SinkUnavailable."""
    try:
        yield
    except FOREIGN as exc:
        raise as_sink_error(exc, doing) from exc


class ConnectionReasons(logging.Handler):
    """Remembers the exception that aiokafka last logged while it tried to connect."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take the exception among the arguments of a log record."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        self.last = next((each for each in arguments if isinstance(each, BaseException)), self.last)

    @property
    def refused(self) -> bool:
        """True when trying again would be refused again."""
        return isinstance(self.last, REFUSED)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to aiokafka's loggers for the time of a connection attempt."""
        logger = logging.getLogger("aiokafka")
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)

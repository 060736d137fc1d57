"""aiokafka's exceptions as ours, by table, and the reason for a failed connection, which aiokafka only logs."""

from __future__ import annotations

import logging
import socket
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

_LISTENER = "check that kafka.security.protocol is the one of the listener at kafka.bootstrap_servers"

CURES: tuple[tuple[type[BaseException], str], ...] = (
    (
        kafka.SaslAuthenticationFailed,
        "check kafka.security.username, kafka.security.password, and kafka.security.sasl_mechanism of that user",
    ),
    (kafka.UnsupportedSaslMechanismError, "set kafka.security.sasl_mechanism to one that the listener offers"),
    (
        ssl.SSLCertVerificationError,
        "set kafka.security.ca_file to what signed the broker's certificate; the bootstrap server's name must be in it",
    ),
    (ssl.SSLError, _LISTENER),
    (socket.gaierror, "check kafka.bootstrap_servers and this machine's DNS: it does not know the name"),
    (kafka.TransactionalIdAuthorizationFailed, "allow Write and Describe on the transactional id, by an ACL"),
    (kafka.TopicAuthorizationFailedError, "allow Describe and DescribeConfigs on the topic, by an ACL"),
    (
        kafka.GroupCoordinatorNotAvailableError,
        "check that the brokers can make __transaction_state: transaction.state.log.replication.factor",
    ),
    (ConnectionRefusedError, "start the broker, or check kafka.bootstrap_servers: nobody listens there"),
    (kafka.KafkaConnectionError, f"{_LISTENER}: the broker hung up"),
)
"""What a person can do about it, by the exception that a SinkError came from: the first line that fits."""


def cure_of(error: SinkError) -> str:
    """What a person can do about it; by its class where nothing more is known."""
    return next((cure for kind, cure in CURES if isinstance(error.__cause__, kind)), error.what_to_do)


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

from __future__ import annotations

import logging
import ssl

import pytest
from aiokafka import errors as kafka

from producer.errors import Fenced, SinkError, SinkRefused, SinkUnavailable
from producer.kafka.failures import ConnectionReasons, as_sink_error, as_sink_errors


@pytest.mark.parametrize(
    ("foreign", "kind", "message"),
    [
        (kafka.ProducerFenced("old epoch"), Fenced, "committing: ProducerFenced: old epoch"),
        (kafka.InvalidProducerEpoch(), Fenced, "committing: [Error 47] InvalidProducerEpoch"),
        (kafka.MessageSizeTooLargeError(), SinkRefused, "committing: [Error 10] MessageSizeTooLargeError"),
        (kafka.TopicAuthorizationFailedError("t"), SinkRefused, "[Error 29] TopicAuthorizationFailedError: t"),
        (kafka.SaslAuthenticationFailed("bad"), SinkRefused, "[Error 58] SaslAuthenticationFailed: bad"),
        (ssl.SSLCertVerificationError("unknown CA"), SinkRefused, "SSLCertVerificationError: ('unknown CA',)"),
        (kafka.KafkaConnectionError("closed"), SinkUnavailable, "committing: KafkaConnectionError: closed"),
        (kafka.KafkaTimeoutError(), SinkUnavailable, "committing: KafkaTimeoutError"),
        (ConnectionResetError("reset by peer"), SinkUnavailable, "committing: ConnectionResetError: reset by peer"),
        (TimeoutError(), SinkUnavailable, "committing: no answer in time"),
        (AssertionError(), SinkUnavailable, "committing: AssertionError"),
    ],
)
def test_every_foreign_error_becomes_one_of_ours(foreign: Exception, kind: type[SinkError], message: str) -> None:
    with pytest.raises(SinkError) as caught, as_sink_errors("committing"):
        raise foreign
    assert type(caught.value) is kind
    assert str(caught.value).endswith(message)
    assert caught.value.__cause__ is foreign


def test_our_own_errors_and_programming_mistakes_pass_through() -> None:
    for error in (SinkRefused("ours"), KeyError("a mistake")):
        with pytest.raises(type(error)) as caught, as_sink_errors("committing"):
            raise error
        assert caught.value is error


def test_the_reason_for_a_failed_connection_is_taken_from_the_log() -> None:
    logger, reasons = logging.getLogger("aiokafka.conn"), ConnectionReasons()
    logger.error("before anybody listens: %s", OSError("unheard"))
    with reasons.listening():
        logger.warning("without a reason: %s", "text")
        assert (reasons.last, reasons.refused) == (None, False)
        logger.error('Unable connect to "%s:%s": %s', "kafka", 9092, ConnectionRefusedError("nobody there"))
        assert (str(reasons.last), reasons.refused) == ("nobody there", False)
        logger.error('Unable connect to "%s:%s": %s', "kafka", 9092, kafka.SaslAuthenticationFailed("bad"))
        assert reasons.refused
    logger.error("after: %s", OSError("unheard"))
    unable = kafka.KafkaConnectionError("Unable to bootstrap")
    told = as_sink_error(unable, "reading", reasons.last)
    assert (type(told), str(told)) == (SinkRefused, "reading: [Error 58] SaslAuthenticationFailed: bad")

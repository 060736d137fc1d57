"""Looks at everything: what needs no settings, then the settings, and with these the machine, the source, the sink."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from producer.doctor.judging import settings as judging
from producer.doctor.probes import machine
from producer.doctor.probes.gateway import GatewayProbe
from producer.doctor.probes.kafka import KafkaProbe
from producer.doctor.probes.source import SourceProbe
from producer.doctor.probes.webhook import WebhookProbe
from producer.doctor.results import Result, complete
from producer.errors import ConfigurationError
from producer.genesys.options import Credentials
from producer.kafka.partitioner import partition_of
from producer.model.regions import endpoints
from producer.options import SOURCE, client_options, clock_of, kafka_options, kinds_of, webhook_options
from producer.settings import Settings, SettingsRefused, load
from producer.sizing.rules import rules_of
from producer.telemetry.redaction import Redactor


async def examine(config: Path | None) -> tuple[Result, ...]:
    """One result for each prerequisite, in order, without a secret in any of them. Bounded in time; raises nothing
    for what it finds.
    """
    results = [machine.interpreter(), machine.schemas()]
    try:
        settings = load(config)
    except SettingsRefused as refused:
        return complete([*results, *judging.settings_refused(refused.problems)])
    results += judging.settings_taken(settings)
    try:
        source, sink = source_probe(settings), sink_probe(settings)
    except ConfigurationError as error:
        return complete([*results, judging.settings_unusable(str(error))])
    results += [machine.state_path(settings), await asyncio.to_thread(machine.admin_port, settings)]
    webhook = WebhookProbe(options=webhook_options(settings), clock=clock_of(settings))
    for found in await asyncio.gather(source.examine(), sink.examine(), webhook.examine()):
        results += found
    redact = Redactor(settings.secrets())
    return tuple(
        replace(result, finding=redact.text(result.finding), what_to_do=redact.text(result.what_to_do))
        for result in complete(results)
    )


def source_probe(settings: Settings) -> SourceProbe | GatewayProbe:
    """How the settings have the organisation asked. Raises ConfigurationError."""
    genesys = settings.genesys
    hosts = endpoints(genesys.region, api_url=genesys.api_url, login_url=genesys.login_url)
    credentials = Credentials(client_id=genesys.client_id, secret=genesys.client_secret)
    if genesys.dialect == "token":
        return GatewayProbe(
            endpoints=hosts,
            credentials=credentials,
            realm=genesys.realm_id or "",
            options=client_options(settings),
            clock=clock_of(settings),
            head_lag=settings.capture.head_lag,
        )
    return SourceProbe(
        endpoints=hosts,
        credentials=credentials,
        options=client_options(settings),
        clock=clock_of(settings),
        head_lag=settings.capture.head_lag,
        rules=rules_of(settings),
        expected=genesys.realm_id,
        names=kinds_of(settings),
    )


def sink_probe(settings: Settings) -> KafkaProbe:
    """How the settings have the cluster asked. Raises ConfigurationError."""
    options = kafka_options(settings)
    return KafkaProbe(options=options, lane=partition_of(SOURCE.encode(), options.lanes))

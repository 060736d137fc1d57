"""The judge on the real thing: a broker, a simulator, and a few lines in the producer's place, sound or broken."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import fastavro
import pytest
from aiokafka import AIOKafkaProducer
from fastavro.schema import fingerprint, to_parsing_canonical_form

from producer.clock import VirtualClock
from producer.dev.broker import Broker
from producer.dev.judge.judging import judge
from producer.dev.judge.verdict import Verdict
from producer.kafka import topics
from producer.model.batch import Topic
from producer.simulator.options import SimulatorOptions
from producer.simulator.server import Simulator, serve
from tests.support.sinks import options as kafka_options

SCHEMAS = Path(__file__).parents[2] / "schemas"
ORIGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)
INSTANTS = {"conversationStart": "startTime", "conversationEnd": "endTime"}
Records = list[dict[str, Any]]
Letters = list[tuple[str, bytes]]
Fault = Callable[[Records], Records]


def encoder(subject: str) -> Callable[[dict[str, Any]], bytes]:
    schema = fastavro.parse_schema(json.loads((SCHEMAS / subject / "v1.avsc").read_text()))
    prefix = b"\xc3\x01" + bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))

    def encode(record: dict[str, Any]) -> bytes:
        buffer = io.BytesIO()
        fastavro.schemaless_writer(buffer, schema, record)
        return prefix + buffer.getvalue()

    return encode


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


def record_of(conversation: dict[str, Any], version: int, request_id: str) -> dict[str, Any]:
    """As lazy as it can be: the key and the ends in the head, everything else in `extras`."""
    rest = {name: value for name, value in conversation.items() if name not in {"conversationId", *INSTANTS}}
    return {
        "recordId": conversation["conversationId"],
        "version": version,
        "requestId": request_id,
        **{field: millis(conversation[name]) for name, field in INSTANTS.items() if conversation.get(name)},
        "extras": {f"$.{name}": json.dumps(value) for name, value in rest.items()},
    }


class Stand:
    """Stands in for the producer: reads windows, remembers what it saw, writes each read in a transaction."""

    def __init__(self, simulator: Simulator, broker: Broker, prefix: str) -> None:
        self.kafka = kafka_options(broker, prefix)
        self._simulator, self._broker = simulator, broker
        self._seen: dict[str, str] = {}
        self._version = 0
        self._conversation, self._audit, self._watermark = map(encoder, ("conversation", "audit-event", "watermark"))

    async def read(self, session: aiohttp.ClientSession, request_id: str) -> list[dict[str, Any]]:
        now = datetime.fromtimestamp(self._simulator.clock.now() / 1_000, UTC)
        interval = f"{(now - timedelta(minutes=5)).isoformat()[:19]}Z/{now.isoformat()[:19]}Z"
        conversations: list[dict[str, Any]] = []
        for number in range(1, 100):
            query = {"interval": interval, "paging": {"pageSize": 100, "pageNumber": number}}
            url = f"{self._simulator.url}/api/v2/analytics/conversations/details/query"
            async with session.post(url, json=query, headers={"X-Request-Id": request_id}) as response:
                page = (await response.json()).get("conversations", [])
            conversations += page
            if len(page) < 100:
                break
        return conversations

    async def run(self, rounds: int, fault: Fault) -> None:
        """Read and write `rounds` times; `fault` tampers with the records of the last one."""
        options = SimulatorOptions()
        async with aiohttp.ClientSession() as session:
            login = {"Authorization": aiohttp.encode_basic_auth(options.client_id, options.client_secret)}
            form = {"grant_type": "client_credentials"}
            async with session.post(f"{self._simulator.url}/oauth/token", data=form, headers=login) as response:
                session.headers["Authorization"] = f"Bearer {(await response.json())['access_token']}"
            writer = AIOKafkaProducer(
                bootstrap_servers=self._broker.bootstrap_servers,
                transactional_id=self.kafka.topics[Topic.STATE],
                max_request_size=8_000_000,
            )
            async with writer:
                for number in range(rounds):
                    request_id = f"read-{number}"
                    conversations = await self.read(session, request_id)
                    records, letters = self.compare(conversations, request_id)
                    announced = len(records)
                    await self.write(
                        writer, request_id, fault(records) if number == rounds - 1 else records, letters, announced
                    )

    def compare(self, conversations: Iterable[dict[str, Any]], request_id: str) -> tuple[Records, Letters]:
        records: Records = []
        letters: Letters = []
        for conversation in conversations:
            identifier, text = conversation["conversationId"], json.dumps(conversation, sort_keys=True)
            if self._seen.get(identifier) == text:
                continue
            self._seen[identifier] = text
            self._version += 1
            if is_poison(conversation):
                letters.append((identifier, text.encode()))
            else:
                records.append(record_of(conversation, self._version, request_id))
        return records, letters

    async def write(
        self, writer: AIOKafkaProducer, request_id: str, records: Records, letters: Letters, announced: int
    ) -> None:
        page = {
            "auditId": str(uuid.uuid4()),
            "requestId": request_id,
            "action": "PAGE_PROCESSED",
            "recordCount": announced,
        }
        await writer.begin_transaction()
        for record in records:
            await writer.send(
                self.kafka.topics[Topic.CONVERSATIONS], self._conversation(record), key=record["recordId"].encode()
            )
        for identifier, letter in letters:
            await writer.send(self.kafka.topics[Topic.DEAD_LETTERS], letter, key=identifier.encode())
        for event in (page, page | {"action": "EXTRACTION_COMPLETED", "recordCount": None}):
            await writer.send(self.kafka.topics[Topic.AUDIT], self._audit(event), key=request_id.encode())
        watermark = {"source": "default", "headThrough": self._simulator.clock.now()}
        await writer.send(self.kafka.topics[Topic.WATERMARKS], self._watermark(watermark), key=b"default")
        await writer.send(self.kafka.topics[Topic.STATE], b"checkpoint", key=b"c|default")
        await writer.commit_transaction()


def is_poison(conversation: dict[str, Any]) -> bool:
    participants = conversation["participants"]
    return not isinstance(participants, list) or "2021-04-2T" in json.dumps(participants)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    options = SimulatorOptions(seed=11, origin=ORIGIN, speed=60.0, rate_per_day=12_000, poison_probability=0.03)
    async with serve(options) as running:
        yield running


async def verdict_on(simulator: Simulator, broker: Broker, prefix: str, fault: Fault) -> Verdict:
    stand = Stand(simulator, broker, prefix)
    began = datetime.fromtimestamp(simulator.clock.now() / 1_000, UTC)
    clock = VirtualClock(origin=began, epoch=datetime.now(UTC).timestamp(), speed=60.0)
    await topics.create(stand.kafka)
    await stand.run(3, fault)
    return await asyncio.to_thread(judge, stand.kafka, simulator.url, clock)


async def test_a_sound_run_has_zeros(simulator: Simulator, broker: Broker, topic_prefix: str) -> None:
    verdict = await verdict_on(simulator, broker, topic_prefix, lambda records: records)

    assert verdict.zeros, verdict.as_json()
    assert verdict.transactions == 3
    assert verdict.judged > 100
    assert verdict.changed > 10
    assert 0 < verdict.poisoned <= verdict.dead_letters
    assert verdict.freshness.p50 is not None


def forget(records: Records) -> Records:
    return records[1:]


def repeat(records: Records) -> Records:
    return [*records, records[-1] | {"version": records[-1]["version"] + 1}]


def send_twice(records: Records) -> Records:
    return [*records, records[-1]]


def tell_another_story(records: Records) -> Records:
    return [records[0] | {"startTime": 0}, *records[1:]]


@pytest.mark.parametrize(
    ("fault", "counts"),
    [
        (forget, {"unaccounted": 1}),
        (repeat, {"doubled": 1, "unaccounted": 1}),
        (send_twice, {"doubled": 1, "disordered": 1, "unaccounted": 1}),
        (tell_another_story, {"behind": 1, "invented": 1}),
    ],
)
async def test_a_broken_run_is_found_out(
    simulator: Simulator, broker: Broker, topic_prefix: str, fault: Fault, counts: dict[str, int]
) -> None:
    found = (await verdict_on(simulator, broker, topic_prefix, fault)).as_json()
    zeros = dict.fromkeys(["doubled", "disordered", "invented", "unaccounted"], 0)
    expected = zeros | {name: count for name, count in counts.items() if name in zeros}

    assert {name: found[name] for name in zeros} == expected
    if fault is forget:
        assert found["lost"] + found["behind"] == 1
    else:
        assert (found["lost"], found["behind"]) == (0, counts.get("behind", 0))

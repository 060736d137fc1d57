"""Where settings come from, what beats what, and what is never shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from producer.clock import WallClock
from producer.model.batch import Topic
from producer.settings import SecretSource, Settings, SettingsRefused, as_yaml, load, shown, shown_flat
from producer.settings.values import parse_size, parse_span, size_text, span_text

MINIMUM = {
    "PRODUCER_GENESYS__REGION": "mypurecloud.ie",
    "PRODUCER_GENESYS__CLIENT_ID": "an-id",
    "PRODUCER_GENESYS__CLIENT_SECRET": "canary-secret",
    "PRODUCER_KAFKA__BOOTSTRAP_SERVERS": "broker-1:9092, broker-2:9092",
}


def test_the_minimum_is_four_variables_and_the_rest_are_defaults() -> None:
    settings = load(environ=MINIMUM)

    assert settings.genesys.region == "mypurecloud.ie"
    assert settings.genesys.client_secret() == "canary-secret"
    assert settings.kafka.bootstrap_servers == ("broker-1:9092", "broker-2:9092")
    assert settings.capture == Settings().capture
    assert settings.origins == {
        "genesys.region": "PRODUCER_GENESYS__REGION",
        "genesys.client_id": "PRODUCER_GENESYS__CLIENT_ID",
        "genesys.client_secret": "PRODUCER_GENESYS__CLIENT_SECRET",
        "kafka.bootstrap_servers": "PRODUCER_KAFKA__BOOTSTRAP_SERVERS",
    }


def test_the_environment_beats_secret_files_which_beat_the_file_which_beats_defaults(tmp_path: Path) -> None:
    config = tmp_path / "producer.yaml"
    config.write_text("genesys:\n  page_size: 50\n  timeout: 1m\n  retries: 5\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "genesys__page_size").write_text("60\n")
    (tmp_path / "secrets" / "genesys__timeout").write_text("45s\n")

    settings = load(config, {**MINIMUM, "PRODUCER_GENESYS__PAGE_SIZE": "70"}, tmp_path / "secrets")

    genesys = settings.genesys
    assert (genesys.page_size, genesys.timeout, genesys.retries) == (70, timedelta(seconds=45), 5)
    assert genesys.token_refresh_margin == timedelta(seconds=60)
    assert settings.origins["genesys.page_size"] == "PRODUCER_GENESYS__PAGE_SIZE"
    assert settings.origins["genesys.timeout"] == str(tmp_path / "secrets" / "genesys__timeout")
    assert settings.origins["genesys.retries"] == f"{config}:4"


def test_a_prefixed_variable_beats_the_names_of_other_tools() -> None:
    others = {
        "GENESYS_CLIENT_ID": "genesys",
        "GENESYSCLOUD_OAUTHCLIENT_ID": "genesyscloud",
        "GENESYSCLOUD_OAUTHCLIENT_SECRET": "secret",
        "GENESYSCLOUD_REGION": "eu-west-1",
        "GENESYS_REALM_ID": "realm",
        "PRODUCER_KAFKA__BOOTSTRAP_SERVERS": "broker:9092",
    }

    unprefixed = load(environ=others).genesys
    prefixed = load(environ=others | {"PRODUCER_GENESYS__CLIENT_ID": "prefixed"}).genesys

    assert (unprefixed.client_id, unprefixed.region, unprefixed.realm_id) == ("genesys", "eu-west-1", "realm")
    assert prefixed.client_id == "prefixed"


def test_what_kubernetes_injects_for_a_service_called_producer_is_passed_over() -> None:
    injected = {
        "PRODUCER_SERVICE_HOST": "10.0.0.1",
        "PRODUCER_SERVICE_PORT": "9464",
        "PRODUCER_SERVICE_PORT_METRICS": "9464",
        "PRODUCER_PORT": "tcp://10.0.0.1:9464",
        "PRODUCER_PORT_9464_TCP": "tcp://10.0.0.1:9464",
        "PRODUCER_PORT_9464_TCP_PROTO": "tcp",
        "PRODUCER_PORT_9464_TCP_PORT": "9464",
        "PRODUCER_PORT_9464_TCP_ADDR": "10.0.0.1",
        "PRODUCER_ADMIN_SERVICE_HOST": "10.0.0.2",
        "PRODUCER_ADMIN_PORT": "udp://10.0.0.2:53",
    }

    assert load(environ=MINIMUM | injected).origins == load(environ=MINIMUM).origins


def test_empty_values_are_none_at_all(tmp_path: Path) -> None:
    config = tmp_path / "producer.yaml"
    config.write_text("genesys:\n  realm_id:\n  page_size: ''\ncapture:\n")

    settings = load(config, MINIMUM | {"PRODUCER_GENESYS__RETRIES": "", "PRODUCER_SECRETS_DIR": ""})

    assert (settings.genesys.realm_id, settings.genesys.page_size, settings.genesys.retries) == (None, 100, 3)


def test_yaml_is_taken_as_text_so_that_nothing_changes_its_meaning(tmp_path: Path) -> None:
    config = tmp_path / "producer.yaml"
    config.write_text("genesys:\n  client_secret: 0123\n  realm_id: no\ncapture:\n  start: 2026-03-10T11:00:00+01:00\n")
    environ = {name: value for name, value in MINIMUM.items() if "SECRET" not in name}

    settings = load(config, environ)

    assert settings.genesys.client_secret() == "0123"
    assert settings.genesys.realm_id == "no"
    assert settings.capture.start == datetime(2026, 3, 10, 10, tzinfo=UTC)


def test_a_secret_file_is_read_again_at_every_use(tmp_path: Path) -> None:
    secret_file = tmp_path / "genesys__client_secret"
    secret_file.write_text("first\n")
    environ = {name: value for name, value in MINIMUM.items() if "SECRET" not in name}
    secret = load(environ=environ | {"PRODUCER_SECRETS_DIR": str(tmp_path)}).genesys.client_secret

    seen = [secret()]
    secret_file.write_text("second\n")
    seen.append(secret())
    secret_file.unlink()
    seen.append(secret())
    secret_file.write_text("third\n")
    seen.append(secret())

    assert seen == ["first", "second", "second", "third"]


def test_certificates_may_lie_beside_the_secrets(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("certificate")
    (tmp_path / "..data").mkdir()

    assert load(environ=MINIMUM, secrets_dir=tmp_path).origins == load(environ=MINIMUM).origins


def test_secrets_are_masked_wherever_settings_are_shown() -> None:
    settings = load(environ=MINIMUM)

    texts = [repr(settings), str(settings), as_yaml(settings), str(shown(settings)), str(shown_flat(settings))]
    texts += [settings.model_dump_json(), repr(settings.genesys.client_secret)]

    assert [text for text in texts if "canary" in text] == []
    assert shown_flat(settings)["genesys.client_secret"] == "**********"


def test_no_secret_stands_in_a_refusal(tmp_path: Path) -> None:
    config = tmp_path / "producer.yaml"
    config.write_text(
        "genesys:\n  client_secret: {canary: canary}\n  api_url: http://user:canary@host\n  login_url: canary\n"
    )
    broken = tmp_path / "broken.yaml"
    broken.write_text("genesys:\n  client_secret: *canary\n")

    with pytest.raises(SettingsRefused) as nested:
        load(config, {})
    with pytest.raises(SettingsRefused) as unreadable:
        load(broken, {})

    assert "canary" not in str(nested.value).replace("genesys.client_secret.canary", "")
    assert "canary" not in str(unreadable.value)


def test_what_is_shown_as_yaml_gives_the_same_settings_again(tmp_path: Path) -> None:
    settings = load(environ=MINIMUM | {"PRODUCER_CAPTURE__REREADS": "1h,1d"})
    config = tmp_path / "producer.yaml"
    config.write_text(as_yaml(settings))

    again = load(config, {"PRODUCER_GENESYS__CLIENT_SECRET": "canary-secret"})

    assert shown(again) == shown(settings)
    assert yaml.safe_load(as_yaml(settings))["capture"]["rereads"] == ["1h", "1d"]
    assert "  client_id: an-id  # PRODUCER_GENESYS__CLIENT_ID\n" in as_yaml(settings)


def test_a_command_is_asked_only_for_what_it_needs() -> None:
    kafka_only = load(environ={"PRODUCER_KAFKA__BOOTSTRAP_SERVERS": "broker:9092"}, needs=("kafka",))
    nothing = load(environ={}, needs=())

    assert kafka_only.kafka.bootstrap_servers == ("broker:9092",)
    assert nothing.genesys.client_id == ""


def test_topics_and_identity_follow_the_prefix_unless_they_are_named() -> None:
    kafka = load(
        environ=MINIMUM | {"PRODUCER_KAFKA__TOPICS__PREFIX": "demo-1", "PRODUCER_KAFKA__TOPICS__AUDIT": "audit"}
    ).kafka

    assert kafka.topics.by_purpose() == {
        Topic.CONVERSATIONS: "demo-1.conversations.v1",
        Topic.AUDIT: "audit",
        Topic.DEAD_LETTERS: "demo-1.dead-letters.v1",
        Topic.WATERMARKS: "demo-1.watermarks.v1",
        Topic.STATE: "demo-1.state.v1",
        Topic.COMMANDS: "demo-1.commands.v1",
    }
    assert kafka.application_id == "genesys-producer.demo-1.state.v1"


def test_rows_have_a_topic_of_their_own_and_share_the_others() -> None:
    environ = MINIMUM | {"PRODUCER_KAFKA__TOPICS__PREFIX": "demo-1"}
    full, flat = load(environ=environ), load(environ=environ | {"PRODUCER_RECORD__DETAIL": "flat"})

    assert full.topics() == full.kafka.topics.by_purpose()
    assert flat.topics() == {**full.topics(), Topic.CONVERSATIONS: "demo-1.conversations-flat.v1"}


def test_a_start_is_judged_by_product_time() -> None:
    environ = {
        "PRODUCER_GENESYS__API_URL": "http://127.0.0.1:8080/",
        "PRODUCER_GENESYS__LOGIN_URL": "http://[::1]:8080",
        "PRODUCER_GENESYS__CLIENT_ID": "an-id",
        "PRODUCER_GENESYS__CLIENT_SECRET": "secret",
        "PRODUCER_KAFKA__BOOTSTRAP_SERVERS": "[::1]:9092",
        "PRODUCER_CAPTURE__START": "2096-03-10T09:00:00Z",
        "PRODUCER_DEV__CLOCK_ORIGIN": "2096-03-10T10:00:00Z",
        "PRODUCER_DEV__CLOCK_EPOCH": str(WallClock().now().timestamp()),
    }

    settings = load(environ=environ)

    assert settings.genesys.api_url == "http://127.0.0.1:8080"
    assert settings.capture.start == datetime(2096, 3, 10, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "span", "again"),
    [
        ("500ms", timedelta(milliseconds=500), "500ms"),
        ("30s", timedelta(seconds=30), "30s"),
        ("90s", timedelta(seconds=90), "90s"),
        ("15m", timedelta(minutes=15), "15m"),
        ("2h", timedelta(hours=2), "2h"),
        ("24h", timedelta(days=1), "1d"),
        ("8d", timedelta(days=8), "8d"),
        ("0s", timedelta(0), "0s"),
    ],
)
def test_spans_are_read_and_printed_in_one_notation(text: str, span: timedelta, again: str) -> None:
    assert (parse_span(text), span_text(span)) == (span, again)


@pytest.mark.parametrize(
    ("text", "size", "again"),
    [("1000", 1000, "1000"), ("2KiB", 2048, "2KiB"), ("8MiB", 8 << 20, "8MiB"), ("1GiB", 1 << 30, "1GiB")],
)
def test_sizes_are_read_and_printed_in_one_notation(text: str, size: int, again: str) -> None:
    assert (parse_size(text), size_text(size)) == (size, again)


def test_settings_can_be_built_from_finished_values() -> None:
    settings = Settings.model_validate(
        {
            "genesys": {"client_secret": SecretStr("one"), "timeout": timedelta(seconds=5)},
            "capture": {"start": datetime(2026, 3, 10, tzinfo=UTC), "rereads": [timedelta(hours=1)]},
            "limits": {"max_response_bytes": 1 << 20},
            "kafka": {"security": {"password": SecretSource("two")}, "partitions": {"audit": 3}},
        }
    )

    assert settings.secrets() == ("one", "two")
    assert settings.genesys.timeout == timedelta(seconds=5)
    assert settings.kafka.partitions.by_purpose() == {Topic.CONVERSATIONS: 12, Topic.AUDIT: 3, Topic.DEAD_LETTERS: 6}
    assert shown(settings)["capture"]["start"] == "2026-03-10T00:00:00Z"


def test_settings_built_directly_read_nothing_and_never_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA", "{}")
    monkeypatch.setenv("RECORD__DETAIL", "summary")

    settings = Settings()

    assert settings.record.detail == "full"
    with pytest.raises(ValueError, match="frozen"):
        settings.record = settings.record  # type: ignore[misc] # that is what must fail


HOOK_KEYS = ("whsec_b25lL29uZS9vbmUvb25lL29uZS9vbmUvMQ==", "whsec_dHdvL3R3by90d28vdHdvL3R3by90d28vMg==")


def test_of_the_webhook_only_scheme_and_host_are_shown() -> None:
    hook = {
        "PRODUCER_WEBHOOK__URL": "https://hooks.example/canary?key=canary",
        "PRODUCER_WEBHOOK__SECRETS": HOOK_KEYS[0],
    }
    settings = load(environ=MINIMUM | hook)

    assert shown(settings)["webhook"]["url"] == "https://hooks.example/**********"
    assert shown(settings)["webhook"]["secrets"] == "**********"
    assert shown_flat(settings)["webhook.allow_http"] == "false"
    for text in (as_yaml(settings), repr(settings), str(shown_flat(settings))):
        assert "canary" not in text
        assert "b25lL29uZS9vbmUvb25lL29uZS9vbmUvMQ==" not in text


def test_every_secret_of_the_webhook_is_kept_out_of_the_log_in_both_spellings(tmp_path: Path) -> None:
    (tmp_path / "webhook__url").write_text("https://hooks.example/canary\n")
    (tmp_path / "webhook__secrets").write_text("\n".join(HOOK_KEYS) + "\n")
    settings = load(environ=MINIMUM, secrets_dir=tmp_path)

    bare = [key.removeprefix("whsec_") for key in HOOK_KEYS]
    assert settings.secrets() == ("canary-secret", "https://hooks.example/canary", *HOOK_KEYS, *bare)


def test_the_webhook_is_read_again_when_its_files_are_rotated(tmp_path: Path) -> None:
    (tmp_path / "webhook__url").write_text("https://hooks.example/one")
    (tmp_path / "webhook__secrets").write_text(HOOK_KEYS[0])
    webhook = load(environ=MINIMUM, secrets_dir=tmp_path).webhook
    (tmp_path / "webhook__url").write_text("https://hooks.example/two")
    (tmp_path / "webhook__secrets").write_text("\n".join(HOOK_KEYS))

    assert (webhook.url(), webhook.secrets()) == ("https://hooks.example/two", "\n".join(HOOK_KEYS))


def test_a_list_of_secrets_in_yaml_means_the_same(tmp_path: Path) -> None:
    config = tmp_path / "producer.yaml"
    url = "webhook:\n  url: https://hooks.example/one\n  allow_http: yes\n"
    config.write_text(f"{url}  secrets: [{', '.join(HOOK_KEYS)}]\n  events: [hole]\n")
    webhook = load(config, MINIMUM).webhook

    assert (webhook.secrets(), webhook.events, webhook.allow_http) == (",".join(HOOK_KEYS), ("hole",), True)

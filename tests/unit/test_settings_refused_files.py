"""The specification of the settings files by what is refused in them, with the message that a person reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.settings import SettingsRefused, load

GOOD = {
    "PRODUCER_GENESYS__REGION": "mypurecloud.ie",
    "PRODUCER_GENESYS__CLIENT_ID": "an-id",
    "PRODUCER_GENESYS__CLIENT_SECRET": "a-secret",
    "PRODUCER_KAFKA__BOOTSTRAP_SERVERS": "broker:9092",
}

REFUSED_FILES = [
    ("genesys:\n  page_sise: 50\n", "genesys.page_sise ({file}:2): no such setting; did you mean genesys.page_size?"),
    ("genesis:\n  page_size: 50\n", "genesis ({file}:1): no such setting; did you mean genesys?"),
    ("client_id: an-id\n", "client_id ({file}:1): no such setting; did you mean genesys.client_id?"),
    (
        "tracing:\n  url: https://example.org\n",
        "tracing ({file}:1): no such setting; see `genesys-producer config schema`",
    ),
    ("capture: now\n", "capture ({file}:1): is a group: its settings stand below it, further to the right"),
    ("capture: [now]\n", "capture ({file}:1): is a group: its settings stand below it, further to the right"),
    ("genesys:\n  retries: {a: b}\n", "genesys.retries ({file}:2): must be a single value, or a list of them"),
    ("genesys:\n  retries: [1]\n", "genesys.retries ({file}:2): must be a single value"),
    ("capture:\n  rereads: []\n", "capture.rereads ({file}:2): must name at least 1"),
    ("capture:\n  rereads: [[1h], 2h]\n", "capture.rereads ({file}:2): must be a single value, or a list of them"),
    (
        "genesys:\n  retries: 1\n  retries: 2\n",
        "genesys.retries ({file}:3): stands twice in the same group: keep one of them",
    ),
    ("? [a, b]\n: c\n", "? ({file}:1): no such setting; see `genesys-producer config schema`"),
    ("- genesys\n", "--config: {file} must hold groups of settings"),
    ("genesys:\n  client_secret: *anchor\n", "--config: {file} is not valid YAML at line 2, column 18"),
    ("genesys: {\n", "--config: {file} is not valid YAML at line 2, column 1"),
    ("\x00", "--config: {file} is not valid YAML"),
    ("[" * 5_000, "--config: {file} is not valid YAML"),
    ("# " + "x" * (1 << 20), "--config: {file} is larger than 1024 KiB"),
]

REFUSED_SECRET_FILES = [
    ("genesys__client_secret", b"", "genesys.client_secret ({file}): the file can't be used (is empty)"),
    ("genesys__client_secret", b"\n", "genesys.client_secret ({file}): the file can't be used (is empty)"),
    ("genesys__client_secret", b"\xff", "genesys.client_secret ({file}): the file can't be used (is not UTF-8 text)"),
    (
        "kafka__security__password",
        b"x" * (64 * 1024 + 1),
        "kafka.security.password ({file}): the file can't be used (is larger than 64 KiB)",
    ),
    ("genesys__secret", b"x", "{file}: no such setting; did you mean genesys__client_secret?"),
    ("genesys_client_secret", b"x", "{file}: no such setting; did you mean genesys__client_secret?"),
    ("flux__capacitor", b"x", "{file}: no such setting; see `genesys-producer config schema`"),
]


def refusal(
    config: Path | None = None,
    environ: dict[str, str] = GOOD,
    secrets_dir: Path | None = None,
) -> list[str]:
    with pytest.raises(SettingsRefused) as refused:
        load(config, environ, secrets_dir)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize(("content", "message"), REFUSED_FILES, ids=[message for _, message in REFUSED_FILES])
def test_refused_in_the_file(content: str, message: str, tmp_path: Path) -> None:
    config = tmp_path / "producer.yaml"
    config.write_text(content)

    assert refusal(config) == [message.format(file=config)]


@pytest.mark.parametrize(
    ("name", "content", "message"), REFUSED_SECRET_FILES, ids=[message for *_, message in REFUSED_SECRET_FILES]
)
def test_refused_among_the_secret_files(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)

    assert refusal(secrets_dir=tmp_path) == [message.format(file=tmp_path / name)]


def test_refused_are_places_that_are_not_there(tmp_path: Path) -> None:
    absent = tmp_path / "absent"

    assert refusal(absent, GOOD | {"PRODUCER_SECRETS_DIR": str(absent)}) == [
        f"--config: {absent} can't be read (No such file or directory)",
        f"PRODUCER_SECRETS_DIR: the folder {absent} can't be read (No such file or directory)",
    ]


def test_all_problems_are_told_at_once_wherever_they_stand(tmp_path: Path) -> None:
    config = tmp_path / "producer.yaml"
    config.write_text("genesys:\n  timeout: soon\n  api: x\ncapture:\n  overlap: 2h\n")
    environ = GOOD | {
        "PRODUCER_KAFKA__LANES": "many",
        "PRODUCER_KAFKA__TOPIC": "x",
        "PRODUCER_GENESYS__CLIENT_ID": "",
        "PRODUCER_RECORD__DETAIL": "rows",
    }

    with pytest.raises(SettingsRefused) as refused:
        load(config, environ)

    assert str(refused.value).splitlines() == [
        "the configuration can't be used:",
        "  PRODUCER_KAFKA__TOPIC: no such variable; did you mean PRODUCER_KAFKA__TOPICS__STATE?",
        f"  capture.overlap ({config}:5): must be shorter than capture.catch_up_slice (1h)",
        f"  genesys.api ({config}:3): no such setting; did you mean genesys.api_url?",
        "  genesys.client_id: is missing: set PRODUCER_GENESYS__CLIENT_ID, or client_id below genesys in --config",
        f"  genesys.timeout ({config}:2): must be a whole number with ms, s, m, h or d, for example 30s",
        "  kafka.lanes (PRODUCER_KAFKA__LANES): must be a whole number, not 'many'",
        "  record.detail (PRODUCER_RECORD__DETAIL): must be 'full', 'summary' or 'flat', not 'rows'",
    ]
    assert refused.value.exit_code == 78

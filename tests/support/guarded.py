"""A broker with a TLS listener that wants a login, beside the open one; with or without access lists."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from producer.dev.broker import Broker, _free_port
from producer.dev.java import find_java
from producer.dev.properties import Listeners

USER = "producer"
PASSWORD = "canary-7f3a"
SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
ACCESS_LISTS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",  # whoever comes in by the open listener
}


@dataclass(frozen=True, slots=True)
class Guarded:
    """A broker that runs: `address` is its guarded listener, `ca_file` what a client trusts."""

    broker: Broker
    address: str
    ca_file: Path


@contextmanager
def guarded_broker(directory: Path, *others: str, properties: Mapping[str, str] | None = None) -> Iterator[Guarded]:
    """Run one. `others` are users besides ours, with the same password, by PLAIN only."""
    store, certificate = _key_store(directory)
    with ExitStack() as sockets:
        public, controller, secret = (_free_port(sockets) for _ in range(3))
    address = f"127.0.0.1:{secret}"
    users = " ".join(f'user_{user}="{PASSWORD}"' for user in (USER, *others))
    own = Broker(
        properties={
            "listeners": f"PLAINTEXT://127.0.0.1:{public},CONTROLLER://127.0.0.1:{controller},GUARDED://{address}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{public},GUARDED://{address}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_SSL",
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.guarded.plain.sasl.jaas.config": (
                f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};"
            ),
            "listener.name.guarded.scram-sha-512.sasl.jaas.config": SCRAM_LOGIN,
            "ssl.keystore.location": str(store),
            "ssl.keystore.password": "changeit",
            "ssl.keystore.type": "PKCS12",
            **(properties or {}),
        }
    )
    own._listeners = Listeners(broker=public, controller=controller)
    with own:
        own.start()
        admin = AdminClient({"bootstrap.servers": own.bootstrap_servers})
        scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        upsertion = UserScramCredentialUpsertion(USER, scram, PASSWORD.encode())
        admin.alter_user_scram_credentials([upsertion])[USER].result(timeout=10)
        yield Guarded(own, address, certificate)


def _keytool(*arguments: str | Path) -> None:
    keytool = Path(find_java().executable).with_name("keytool")
    subprocess.run([keytool, *arguments], check=True, capture_output=True, timeout=60)


def _key_store(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1: the server's key store and the PEM that a client trusts."""
    store, certificate = directory / "broker.p12", directory / "broker.pem"
    common = ("-alias", "broker", "-keystore", store, "-storepass", "changeit")
    extensions = ("-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true")
    _keytool("-genkeypair", "-keyalg", "EC", "-dname", "CN=broker", "-validity", "30", *extensions, *common)
    _keytool("-exportcert", "-rfc", "-file", certificate, *common)
    return store, certificate

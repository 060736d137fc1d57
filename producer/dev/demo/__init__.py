"""`genesys-producer demo`: a simulated organisation, a real Kafka and the daemon, live, with nothing configured."""

from producer.dev.demo.command import configure, run

__all__ = ["configure", "run"]

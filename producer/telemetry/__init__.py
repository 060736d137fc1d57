"""Everything a person or a machine can see of the product: metrics, logs, health, status page. Only listens."""

from producer.telemetry.telemetry import Options, Telemetry

__all__ = ["Options", "Telemetry"]

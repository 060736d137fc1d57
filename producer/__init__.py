"""genesys-producer: every conversation of Genesys Cloud onto Kafka, exactly once, provably complete."""

"""A real Apache Kafka without Docker and the judge of a run: for demo and tests, not for production."""

"""From a record to bytes: Avro schemas, single-object framing. The only place that knows Avro."""

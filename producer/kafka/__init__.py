"""Exactly once into Kafka: transactions, partitions, the state topic, its working copy. Only this knows Kafka."""

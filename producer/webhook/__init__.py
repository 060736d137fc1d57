"""Tells one HTTP receiver what happened: extractions that ended, reads that failed, holes. It never holds up a read.

Payloads are signed as Standard Webhooks says, repeated until they are taken or given up, and pending ones survive the
process: on the state topic for the daemon, in SQLite where there is no Kafka. At least once; duplicates share an id.

The daemon uses `payload.of_audit` and `courier.Courier`. Whoever has no Kafka uses one object:

    async with webhook_of(settings, clock=clock, observe=observe) as webhook:  # producer.app; silent without a url
        ...
        webhook.finished(ended)  # a `payload.Ended`; returns at once, whatever becomes of it

`finished` puts the payload on disk and comes back. Leaving the block waits for what is pending, but not for long; what
is left is delivered by the next process with the same `state.path`.
"""

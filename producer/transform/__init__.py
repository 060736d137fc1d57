"""From a raw conversation to a record: split, fingerprint, compare, normalise. Pure."""

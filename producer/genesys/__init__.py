"""The client of Genesys Cloud: tokens, transport, limiter, retries, breaker, and the reading of windows and ids."""

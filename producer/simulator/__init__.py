"""A realistic Genesys Cloud organisation over HTTP, for demo, development and tests."""

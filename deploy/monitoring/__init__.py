"""Dashboard and alerts as code: `python -m deploy.monitoring` writes the files that are committed beside it."""

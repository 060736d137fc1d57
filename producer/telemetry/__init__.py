"""What operators see: metrics, logs, health, the admin server. It subscribes to events; nothing calls it."""

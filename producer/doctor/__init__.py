"""Every prerequisite of the daemon, tried: probes ask, judging says what it means, `examination` puts both together."""

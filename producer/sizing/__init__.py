"""What capture costs with the settings in force: rules from settings, and the cost model's results as text and JSON."""

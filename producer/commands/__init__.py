"""The commands of the command line, one file each: `configure` declares the arguments, `run` returns the exit code."""

"""One extraction on demand: what may be asked for, how it is read, what is left out, what is told of it."""

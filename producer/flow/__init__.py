"""The two loops of a lane: the reader brings pages, the writer commits them."""

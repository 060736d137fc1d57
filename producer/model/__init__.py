"""Frozen values and their pure algebra: what every part of the program speaks in.

Nothing here knows a clock, a socket or a library beyond msgspec (which gives the stored values their form).
"""

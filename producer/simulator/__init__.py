"""A realistic Genesys Cloud organisation over HTTP, for demo, development and tests."""

from producer.simulator.clock import Clock, ManualClock, VirtualClock
from producer.simulator.faults import Fault, Trouble
from producer.simulator.options import SimulatorOptions
from producer.simulator.server import Simulator, serve

__all__ = ["Clock", "Fault", "ManualClock", "Simulator", "SimulatorOptions", "Trouble", "VirtualClock", "serve"]

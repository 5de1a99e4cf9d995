"""A seeded, simulated industry-chain economy, for tests, benchmarks and the demonstration."""

from headrace.simulator.run import Economy, simulate, write_economy
from headrace.simulator.settings import EconomySettings

__all__ = ["Economy", "EconomySettings", "simulate", "write_economy"]

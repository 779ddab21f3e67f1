"""An order of the exchange, by the daemon and by the exchange's own SDK, in one run.

``python -m tests.benchmarks.hyperliquid``: see ``docs/benchmarks.md``.
"""

"""Nonces: lanes of numbers, their horizons, and the numbers that callers chose."""

from signward_server.store.nonces.lanes import SKIP_MS, Lanes
from signward_server.store.nonces.nonces import StoredNonces
from signward_server.store.nonces.renewal import Renewal
from signward_server.store.nonces.steady_time import SteadyTime

__all__ = ["SKIP_MS", "Lanes", "Renewal", "SteadyTime", "StoredNonces"]

"""Nonces: lanes of numbers, their horizons, and the numbers that callers chose."""

from signward_server.store.nonces.lanes import Lanes
from signward_server.store.nonces.nonces import StoredNonces
from signward_server.store.nonces.renewal import Renewal
from signward_server.store.nonces.skipping import skip_ahead
from signward_server.store.nonces.steady_time import SteadyTime

__all__ = ["Lanes", "Renewal", "SteadyTime", "StoredNonces", "skip_ahead"]

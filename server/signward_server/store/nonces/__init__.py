"""Nonces: lanes of numbers, their horizons, and the numbers that callers chose."""

from signward_server.store.nonces.lanes import Lanes
from signward_server.store.nonces.nonces import StoredNonces
from signward_server.store.nonces.renewal import Renewal
from signward_server.store.nonces.skipping import skip_ahead
from signward_server.store.nonces.trusted_time import TrustedTime

__all__ = ["Lanes", "Renewal", "StoredNonces", "TrustedTime", "skip_ahead"]

"""Keys, their sealed material, API keys and request ids, durably."""

from signward_server.store.address import StoreAddress
from signward_server.store.agents import StoredAgents
from signward_server.store.api_keys import StoredApiKeys
from signward_server.store.authentic_api_keys import MacSecretDigest
from signward_server.store.catalogue import KeyCatalogue
from signward_server.store.claim_moving import move_claims
from signward_server.store.failures import StoreFileError
from signward_server.store.homes import StoredHomes
from signward_server.store.imports import StoredImports
from signward_server.store.lease import StoreLease
from signward_server.store.material import StoredMaterial
from signward_server.store.moving import Moving
from signward_server.store.opening import open_store
from signward_server.store.rekeying import Rekeying, RekeyingState, Tally
from signward_server.store.requests import RequestMemory
from signward_server.store.snapshot import check_snapshot, take_snapshot
from signward_server.store.spending import move_spending
from signward_server.store.store import Store

__all__ = [
    "KeyCatalogue",
    "MacSecretDigest",
    "Moving",
    "Rekeying",
    "RekeyingState",
    "RequestMemory",
    "Store",
    "StoreAddress",
    "StoreFileError",
    "StoreLease",
    "StoredAgents",
    "StoredApiKeys",
    "StoredHomes",
    "StoredImports",
    "StoredMaterial",
    "Tally",
    "check_snapshot",
    "move_claims",
    "move_spending",
    "open_store",
    "take_snapshot",
]

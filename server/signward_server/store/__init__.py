"""Keys, their sealed material, API keys and request ids, durably."""

from signward_server.store.api_keys import StoredApiKeys
from signward_server.store.authentic_api_keys import MacSecretDigest
from signward_server.store.catalogue import KeyCatalogue
from signward_server.store.failures import StoreFileError
from signward_server.store.imports import StoredImports
from signward_server.store.lease import StoreLease
from signward_server.store.material import StoredMaterial
from signward_server.store.opening import Store, open_store
from signward_server.store.requests import RequestMemory

__all__ = [
    "KeyCatalogue",
    "MacSecretDigest",
    "RequestMemory",
    "Store",
    "StoreFileError",
    "StoreLease",
    "StoredApiKeys",
    "StoredImports",
    "StoredMaterial",
    "open_store",
]

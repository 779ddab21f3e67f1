"""Keys, their sealed material and request ids, durably."""

from signward_server.store.catalogue import KeyCatalogue
from signward_server.store.failures import StoreFileError
from signward_server.store.material import StoredMaterial
from signward_server.store.opening import Store, open_store
from signward_server.store.requests import RequestMemory

__all__ = [
    "KeyCatalogue",
    "RequestMemory",
    "Store",
    "StoreFileError",
    "StoredMaterial",
    "open_store",
]

"""Makes the digests of API keys' secrets, whichever KEK is in use (S22)."""

from __future__ import annotations

from contextlib import ExitStack

from signward_server.core.errors import EnvelopeCorrupt
from signward_server.core.startup import CustodyRefused
from signward_server.custody.envelope import Kek, KekRowAuthenticator, open_digest_key
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import Native
from signward_server.store import MacSecretDigest, Store

__all__ = ["secret_digest"]


def secret_digest(
    native: Native, memory: LockedMemory, kek: Kek, store: Store, opened: ExitStack
) -> MacSecretDigest:
    """Return what makes the digests: the key for rows of the store's first KEK.

    Args:
        native: Both libraries.
        memory: Where the key goes.
        kek: What it is sealed under, or the first KEK itself.
        store: Where it is sealed.
        opened: Takes what wipes it.

    Raises:
        CustodyRefused: It is not as it was sealed, or under another KEK.
        StoreUnavailable: The store cannot be read.
    """
    try:
        sealed = store.rekeying().digest_key()
        if sealed is None:
            return MacSecretDigest(KekRowAuthenticator(kek))
        key = open_digest_key(native.sodium, memory, kek, sealed)
    except EnvelopeCorrupt as exc:
        raise CustodyRefused(
            "the key of the API keys' digests is damaged, or sealed under another KEK",
            "put the KEK of this store back, or restore the store",
        ) from exc
    opened.callback(key.close)
    return MacSecretDigest(KekRowAuthenticator(key))

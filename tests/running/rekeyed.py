"""What must be true of a home after its KEK was rotated, seen by the daemon's own parts."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from signward_server.config import Settings, load
from signward_server.core.api_keys import ApiKey
from signward_server.core.clock import SystemClock
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.keys import VersionState
from signward_server.core.payloads import Hash
from signward_server.core.ports import RequestScope
from signward_server.core.signing import SigningContext
from signward_server.custody.envelope import EnvelopeCustody, KekRowAuthenticator, sealing_kek
from signward_server.custody.memory import LockedMemory
from signward_server.custody.native import load_native
from signward_server.home.kek import kek_provider
from signward_server.home.kek_access import KekAccess
from signward_server.home.sealing import refuse_foreign_kek, refuse_unfinished_rotation
from signward_server.store import open_store
from signward_server.wiring.digesting import secret_digest

from tests.fakes.keys import NATURAL_HASH

__all__ = ["add_api_keys", "check", "secret_of", "settings_of"]

_CLAIMED = RequestScope("cn:bot", "/signward.v1.SignService/Sign", "k", "r1")
_BOT = Identity(IdentityKind.CN, "bot")


def settings_of(home: Path) -> Settings:
    """Return what a home is configured to."""
    return load(home / "signward.toml", environment={}, flags=())


def secret_of(number: int) -> bytes:
    """Return the secret of an API key."""
    return b"swk_of the api key %d" % number


def add_api_keys(home: Path, number: int) -> None:
    """Make API keys, and a claim with a nonce, in a home that no daemon works on."""
    clock = SystemClock()
    with ExitStack() as opened:
        native = load_native()
        memory = LockedMemory(native.sodium, 64 * 1024)
        opened.callback(memory.close)
        settings = settings_of(home)
        kek = kek_provider(settings.custody.envelope, native.sodium, KekAccess()).load(memory)
        opened.callback(kek.close)
        store = open_store(settings.store.path, clock)
        opened.callback(store.close)
        store.requests(KekRowAuthenticator(kek)).claim(_CLAIMED, bytes(32), 1, 7)
        api_keys = store.api_keys(KekRowAuthenticator(kek))
        digest = secret_digest(native, memory, kek, store, opened)
        for each in range(number):
            api_keys.insert(
                ApiKey(
                    id=f"ak_{each:016}",
                    identity=Identity(IdentityKind.API_KEY, f"bot-{each}"),
                    digest=digest.digest(secret_of(each)),
                    create_time=clock.now(),
                    expire_time=clock.now() + timedelta(days=1),
                    created_by="cn:admin",
                )
            )


def check(home: Path, keys: int, api_keys: int, access: KekAccess | None = None) -> bytes:
    """Open a home as the daemon does, sign with every key, know every API key and the claim.

    Returns:
        The id of its KEK, which all envelopes name.
    """
    clock, settings = SystemClock(), settings_of(home)
    with ExitStack() as opened:
        native = load_native()
        memory = LockedMemory(native.sodium, 1024 * 1024)
        opened.callback(memory.close)
        provider = kek_provider(
            settings.custody.envelope, native.sodium, access or KekAccess(environment={})
        )
        kek = provider.load(memory)
        opened.callback(kek.close)
        store = open_store(settings.store.path, clock)
        opened.callback(store.close)
        refuse_unfinished_rotation(store.rekeying())
        rows = KekRowAuthenticator(kek)
        catalogue = store.catalogue(rows)
        refuse_foreign_kek(catalogue.quarantined, len(catalogue), store.rekeying(), kek.kek_id)
        assert catalogue.quarantined == frozenset()
        assert len(catalogue) == keys
        assert store.rekeying().tally(sealing_kek).named == ({kek.kek_id: keys} if keys else {})
        custody = EnvelopeCustody(
            native=native,
            kek=kek,
            materials=store.materials(),
            memory=memory,
            clock=clock,
            default_unlock_ttl=timedelta(0),
            max_unlock_ttl=timedelta(0),
        )
        opened.callback(custody.close)
        for key in catalogue.page("", keys):
            (version,) = key.versions
            assert version.state is VersionState.PRIMARY
            hash_: Hash = NATURAL_HASH[key.algorithm]
            context = SigningContext(key=key, version=version, hash=hash_, identity=_BOT)
            custody.sign(b"message", context)
        known = store.api_keys(rows)
        assert (len(known), known.quarantined) == (api_keys, frozenset())
        digest = secret_digest(native, memory, kek, store, opened)
        if api_keys:
            claim = store.requests(rows).claim(_CLAIMED, bytes(32), 1, 8)
            assert (claim.replayed, claim.nonce) == (True, 7)
        for number in range(api_keys):
            found = known.find(digest.digest(secret_of(number)))
            assert found is not None
            assert found.id == f"ak_{number:016}"
        return kek.kek_id

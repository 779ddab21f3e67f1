"""What every custody must do, whatever it keeps its keys in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from signward_server.core.errors import (
    CustodyUnavailable,
    EnvelopeCorrupt,
    PayloadMalformed,
    SignwardError,
)
from signward_server.core.imports import ImportTerms, WrappedKey
from signward_server.core.key_check import KeyAspect
from signward_server.core.keys import Algorithm, KeyAttributes, Purpose, VersionState
from signward_server.core.payloads import Hash
from signward_server.core.ports import CreatedVersion, Custody, WrappingKeys
from signward_server.core.public_key import PublicKey
from signward_server.core.signing import Signature, SigningContext
from signward_server.custody.digest import message_digest

from tests.fakes.keys import WHEN, attributes, context

SECP256K1_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
MESSAGES = (b"", b"\x00", b"a message", bytes(range(256)) * 256)


PRIVATE_KEY = bytes(range(1, 33))
OTHER_TERMS: tuple[dict[str, object], ...] = (
    {"import_id": "im_other"},
    {"identity": "cn:other"},
    {"key_id": "other"},
    {"algorithm": Algorithm.ECDSA_SECP256K1},
    {"purpose": Purpose.ORDER},
    {"network": "testnet"},
)


@dataclass(frozen=True)
class Bench:
    """A custody and what surrounds it.

    Attributes:
        custody: Under test.
        wrapping: Makes what private keys are sealed to that it takes over.
        store: Keeps what ``create`` returned, so that ``sign`` finds it.
        advance: Moves the custody's clock by seconds.
        deterministic: Whether one message has one signature (RFC 8032, RFC 6979).
    """

    custody: Custody
    wrapping: WrappingKeys
    store: Callable[[KeyAttributes, int, CreatedVersion], None]
    advance: Callable[[float], None]
    deterministic: bool

    def create(self, fixed: KeyAttributes, version: int = 1) -> PublicKey:
        created = self.custody.create(fixed, version)
        self.store(fixed, version, created)
        return created.public_key

    def wrapped(self, fixed: KeyAttributes, private_key: bytes, **other: object) -> WrappedKey:
        """Seal a private key for a key of these attributes, but for what is other of the terms."""
        terms = ImportTerms(
            import_id=f"im_{fixed.id}",
            identity="cn:bot",
            key_id=fixed.id,
            algorithm=fixed.algorithm,
            purpose=fixed.purpose,
            network=fixed.network,
        )
        wrapping = self.wrapping.wrapping_key(terms, WHEN)
        sealed_for = replace(terms, **other)  # type: ignore[arg-type]
        recipient = X25519PublicKey.from_public_bytes(wrapping.public_key)
        sealed = HPKE.encrypt(private_key, recipient, sealed_for.info())
        return WrappedKey(terms=terms, wrapping=wrapping, expire_time=WHEN, sealed=sealed)

    def context(
        self, algorithm: Algorithm = Algorithm.ED25519, key_id: str = "bot", **more: object
    ) -> SigningContext:
        """Return the context of a new key; ``more`` as for ``tests.fakes.keys.context``."""
        fixed = attributes(algorithm, key_id, self.custody.kind)
        return context(fixed, self.create(fixed), **more)  # type: ignore[arg-type]


Factory = Callable[[], AbstractContextManager[Bench]]


def verifies(public_key: PublicKey, message: bytes, hash_: Hash, signature: Signature) -> bool:
    """Check a signature with a library that makes none here."""
    loaded = load_der_public_key(public_key.spki_der)
    try:
        if isinstance(loaded, ed25519.Ed25519PublicKey):
            loaded.verify(signature.value, message)
        else:
            assert isinstance(loaded, ec.EllipticCurvePublicKey)
            r, s = _scalars(signature)
            covered = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
            loaded.verify(utils.encode_dss_signature(r, s), message_digest(message, hash_), covered)
    except InvalidSignature:
        return False
    return True


def spki_of(private_key: bytes, algorithm: Algorithm) -> bytes:
    """Return the public half as another library has it."""
    made: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    if algorithm is Algorithm.ED25519:
        made = ed25519.Ed25519PrivateKey.from_private_bytes(private_key)
    else:
        made = ec.derive_private_key(int.from_bytes(private_key), ec.SECP256K1())
    return made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _scalars(signature: Signature) -> tuple[int, int]:
    return int.from_bytes(signature.value[:32]), int.from_bytes(signature.value[32:])


class CustodySuite:
    """Collected for each factory of the registry."""

    def test_names_itself(self, bench: Bench) -> None:
        assert bench.custody.algorithms
        assert isinstance(bench.custody.leaves_process, bool)
        assert bench.custody.healthy()

    def test_create_gives_a_new_pair_each_time(self, bench: Bench) -> None:
        for algorithm in bench.custody.algorithms:
            fixed = attributes(algorithm, f"twice-{algorithm}", bench.custody.kind)
            made = [bench.custody.create(fixed, version).public_key for version in (1, 2)]
            assert made[0].fingerprint != made[1].fingerprint

    def test_s23_a_private_key_that_is_brought_along_signs(self, bench: Bench) -> None:
        for algorithm in bench.custody.algorithms:
            fixed = attributes(algorithm, f"brought-{algorithm}", bench.custody.kind)
            wrapped = bench.wrapped(fixed, PRIVATE_KEY)
            created = bench.custody.import_key(fixed, 1, wrapped)
            assert created.public_key.spki_der == spki_of(PRIVATE_KEY, algorithm)
            bench.store(fixed, 1, created)
            named = context(fixed, created.public_key)
            signature = bench.custody.sign(b"m", named)
            assert verifies(created.public_key, b"m", named.hash, signature)

    def test_s23_wrapping_keys_are_new_each_time(self, bench: Bench) -> None:
        fixed = attributes(custody=bench.custody.kind)
        made = [bench.wrapped(fixed, PRIVATE_KEY).wrapping for _ in range(2)]
        assert made[0].public_key != made[1].public_key

    @pytest.mark.parametrize("other", OTHER_TERMS, ids=lambda other: next(iter(other)))
    def test_s23_what_is_sealed_for_other_terms_is_not_taken_over(
        self, bench: Bench, other: dict[str, object]
    ) -> None:
        fixed = attributes(custody=bench.custody.kind)
        with pytest.raises(PayloadMalformed):
            bench.custody.import_key(fixed, 1, bench.wrapped(fixed, PRIVATE_KEY, **other))

    @pytest.mark.parametrize("other", OTHER_TERMS, ids=lambda other: next(iter(other)))
    def test_s23_a_wrapping_key_of_other_terms_does_not_open(
        self, bench: Bench, other: dict[str, object]
    ) -> None:
        fixed = attributes(custody=bench.custody.kind)
        wrapped = bench.wrapped(fixed, PRIVATE_KEY, **other)
        terms = replace(wrapped.terms, **other)  # type: ignore[arg-type]
        with pytest.raises(EnvelopeCorrupt):
            bench.custody.import_key(fixed, 1, replace(wrapped, terms=terms))
        later = replace(wrapped, expire_time=WHEN + timedelta(microseconds=1))
        with pytest.raises(EnvelopeCorrupt):
            bench.custody.import_key(fixed, 1, later)

    @pytest.mark.parametrize("number", [0, SECP256K1_ORDER, SECP256K1_ORDER + 1, 2**256 - 1])
    def test_s23_what_is_no_scalar_is_not_taken_over(self, bench: Bench, number: int) -> None:
        for algorithm in bench.custody.algorithms:
            if algorithm is Algorithm.ED25519 and number:
                continue  # any other 32 bytes are a seed
            fixed = attributes(algorithm, custody=bench.custody.kind)
            with pytest.raises(PayloadMalformed):
                bench.custody.import_key(fixed, 1, bench.wrapped(fixed, number.to_bytes(32)))

    @pytest.mark.parametrize("size", [0, 31, 33, 64])
    def test_s23_what_has_not_32_bytes_is_not_taken_over(self, bench: Bench, size: int) -> None:
        fixed = attributes(custody=bench.custody.kind)
        with pytest.raises(PayloadMalformed):
            bench.custody.import_key(fixed, 1, bench.wrapped(fixed, b"k" * size))

    @pytest.mark.parametrize("message", MESSAGES, ids=len)
    def test_ed25519_verifies_elsewhere(self, bench: Bench, message: bytes) -> None:
        named = bench.context(Algorithm.ED25519)
        signature = bench.custody.sign(message, named)
        assert len(signature.value) == 64
        assert signature.recovery_id == 0
        assert verifies(named.version.public_key, message, named.hash, signature)
        assert not verifies(named.version.public_key, message + b".", named.hash, signature)

    @pytest.mark.parametrize("hash_", [Hash.SHA256, Hash.KECCAK256])
    @pytest.mark.parametrize("message", MESSAGES, ids=len)
    def test_secp256k1_verifies_elsewhere(self, bench: Bench, message: bytes, hash_: Hash) -> None:
        named = bench.context(Algorithm.ECDSA_SECP256K1, hash_=hash_)
        signature = bench.custody.sign(message, named)
        assert len(signature.value) == 64
        assert verifies(named.version.public_key, message, hash_, signature)
        assert not verifies(named.version.public_key, message + b".", hash_, signature)

    def test_secp256k1_signs_a_digest_as_it_is(self, bench: Bench) -> None:
        named = bench.context(Algorithm.ECDSA_SECP256K1, hash_=Hash.PREHASHED)
        digest = bytes(range(32))
        signature = bench.custody.sign(digest, named)
        assert verifies(named.version.public_key, digest, Hash.PREHASHED, signature)

    def test_secp256k1_has_low_s_and_recovers(self, bench: Bench) -> None:
        import coincurve

        named = bench.context(Algorithm.ECDSA_SECP256K1)
        for number in range(64):
            message = b"%d" % number
            signature = bench.custody.sign(message, named)
            assert 0 < _scalars(signature)[1] <= SECP256K1_ORDER // 2
            recovered = coincurve.PublicKey.from_signature_and_message(
                signature.value + bytes([signature.recovery_id]), message
            )
            assert recovered.format() == named.version.public_key.raw

    def test_a_local_custody_is_deterministic(self, bench: Bench) -> None:
        for algorithm in bench.custody.algorithms:
            named = bench.context(algorithm, f"same-{algorithm}")
            made = {bench.custody.sign(b"again", named).value for _ in range(4)}
            assert len(made) == 1 or not bench.deterministic

    def test_many_are_signed_as_one_by_one(self, bench: Bench) -> None:
        for algorithm in bench.custody.algorithms:
            named = bench.context(algorithm, f"many-{algorithm}")
            made = bench.custody.sign_many(MESSAGES, named)
            assert len(made) == len(MESSAGES)
            for message, signature in zip(MESSAGES, made, strict=True):
                assert verifies(named.version.public_key, message, named.hash, signature)
                alone = bench.custody.sign(message, named)
                assert signature == alone or not bench.deterministic

    def test_of_many_all_are_signed_or_none(self, bench: Bench) -> None:
        named = bench.context(key_id="many-one")
        other = bench.context(key_id="many-two").version.public_key
        bench.custody.sign(b"m", named)
        with pytest.raises(SignwardError):
            bench.custody.sign_many(
                [b"1", b"2"], replace(named, version=replace(named.version, public_key=other))
            )
        assert len(bench.custody.sign_many([b"1", b"2"], named)) == 2

    def test_versions_sign_with_their_own_pair(self, bench: Bench) -> None:
        fixed = attributes(custody=bench.custody.kind)
        public_keys = {version: bench.create(fixed, version) for version in (1, 2)}
        for version, public_key in public_keys.items():
            named = context(fixed, public_key, version=version)
            signature = bench.custody.sign(b"m", named)
            assert verifies(public_key, b"m", named.hash, signature)
            assert not verifies(public_keys[3 - version], b"m", named.hash, signature)

    def test_an_unknown_version_does_not_sign(self, bench: Bench) -> None:
        named = bench.context()
        missing = replace(named, version=replace(named.version, version=7))
        with pytest.raises(EnvelopeCorrupt):
            bench.custody.sign(b"m", missing)

    def test_another_public_key_does_not_sign(self, bench: Bench) -> None:
        named = bench.context(key_id="one")
        other = bench.context(key_id="two").version.public_key
        swapped = replace(named, version=replace(named.version, public_key=other))
        for unlocked in (False, True):
            if unlocked:
                bench.custody.sign(b"m", named)
            with pytest.raises(SignwardError) as raised:
                bench.custody.sign(b"m", swapped)
            assert raised.value.reason in {"ENVELOPE_CORRUPT", "SIGNATURE_SELF_CHECK_FAILED"}
        assert verifies(named.version.public_key, b"m", named.hash, bench.custody.sign(b"m", named))

    @pytest.mark.parametrize("ttl", [None, timedelta(0), timedelta(seconds=1), timedelta(days=9)])
    def test_signs_before_and_after_the_unlock_ends(
        self, bench: Bench, ttl: timedelta | None
    ) -> None:
        named = bench.context(unlock_ttl=ttl)
        for _ in range(3):
            signature = bench.custody.sign(b"m", named)
            assert verifies(named.version.public_key, b"m", named.hash, signature)
            bench.advance(1.0)

    def test_forget_only_locks(self, bench: Bench) -> None:
        named = bench.context()
        bench.custody.forget("nobody")
        for _ in range(2):
            bench.custody.forget(named.key.id)
            signature = bench.custody.sign(b"m", named)
            assert verifies(named.version.public_key, b"m", named.hash, signature)

    def test_what_is_unlocked_is_told_by_key_and_version(self, bench: Bench) -> None:
        named = bench.context()
        bench.custody.sign(b"m", named)
        key_id, version = named.key.id, named.version.version
        assert bench.custody.is_unlocked(key_id, version) is not bench.custody.leaves_process
        assert not bench.custody.is_unlocked(key_id, version + 1)
        assert not bench.custody.is_unlocked("nobody", 1)
        bench.custody.forget(key_id)
        assert not bench.custody.is_unlocked(key_id, version)

    def test_a_sound_version_passes_the_check_which_leaves_nothing_open(self, bench: Bench) -> None:
        for algorithm in bench.custody.algorithms:
            named = bench.context(algorithm, f"sound-{algorithm}")
            assert bench.custody.check(named.key, named.version) == ()
            assert not bench.custody.is_unlocked(named.key.id, named.version.version)

    def test_a_version_that_is_not_there_fails_the_check(self, bench: Bench) -> None:
        named = bench.context()
        for change in ({"version": 7}, {"state": VersionState.DESTROYED}):
            (finding,) = bench.custody.check(named.key, replace(named.version, **change))
            assert finding.aspect is KeyAspect.STATE
            assert bool(finding.expected) is not bool(finding.found)
            assert finding.advice
        gone = replace(named.version, version=7, state=VersionState.DESTROYED)
        assert bench.custody.check(named.key, gone) == ()

    def test_another_public_key_fails_the_check(self, bench: Bench) -> None:
        named = bench.context(key_id="one")
        other = bench.context(key_id="two").version.public_key
        (finding,) = bench.custody.check(named.key, replace(named.version, public_key=other))
        assert 0 < len(finding.expected) <= 256
        assert len(finding.found) <= 256

    def test_nothing_signs_after_close(self, bench: Bench) -> None:
        named = bench.context()
        wrapped = bench.wrapped(named.key, PRIVATE_KEY)
        bench.custody.sign(b"m", named)
        bench.custody.close()
        with pytest.raises(CustodyUnavailable):
            bench.custody.sign(b"m", named)
        late = attributes(key_id="late", custody=bench.custody.kind)
        with pytest.raises(CustodyUnavailable):
            bench.custody.create(late, 1)
        with pytest.raises(CustodyUnavailable):
            bench.custody.import_key(late, 1, wrapped)
        assert not bench.custody.healthy()
        bench.custody.close()

    def test_every_signature_of_a_race_verifies(self, bench: Bench) -> None:
        """Eight threads sign while keys are forgotten and their unlocks end."""
        named = [
            bench.context(algorithm, f"race-{algorithm}-{number}", unlock_ttl=timedelta(seconds=2))
            for algorithm in sorted(bench.custody.algorithms)
            for number in range(2)
        ]
        stop = threading.Event()

        def disturb() -> None:
            while not stop.wait(0.0005):
                for each in named:
                    bench.custody.forget(each.key.id)
                bench.advance(1.5)

        def sign(worker: int) -> list[tuple[SigningContext, bytes, Signature]]:
            made = []
            ends = time.monotonic() + 0.3
            while time.monotonic() < ends:
                message = b"%d-%d" % (worker, len(made))
                each = named[(worker + len(made)) % len(named)]
                made.append((each, message, bench.custody.sign(message, each)))
            return made

        disturber = threading.Thread(target=disturb)
        disturber.start()
        try:
            with ThreadPoolExecutor(8) as pool:
                rounds = list(pool.map(sign, range(8)))
        finally:
            stop.set()
            disturber.join()
        assert all(rounds)
        for each, message, signature in (item for made in rounds for item in made):
            assert verifies(each.version.public_key, message, each.hash, signature)

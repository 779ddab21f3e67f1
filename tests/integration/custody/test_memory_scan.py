"""Looks for secrets in the memory of a process that has signed (promise 3, S20)."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from signward_server.core.keys import Algorithm
from signward_server.core.public_key import PublicKey
from signward_server.custody.envelope.format import Binding, SealedKey

from tests.fakes.keys import attributes

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
KEK = hashlib.sha256(b"the KEK of this test").digest()


class Process:
    """The process under scan."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self._popen = popen

    def next_step(self) -> dict[str, Any]:
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        assert line, "the process ended early"
        facts: dict[str, Any] = json.loads(line)
        return facts

    def go_on(self) -> dict[str, Any]:
        assert self._popen.stdin is not None
        self._popen.stdin.write("\n")
        self._popen.stdin.flush()
        return self.next_step()

    def find(self, needle: bytes) -> list[int]:
        """Return every address at which these bytes stand, in all readable memory."""
        found = []
        with Path(f"/proc/{self._popen.pid}/mem").open("rb", buffering=0) as memory:
            for start, end in self._readable():
                try:
                    content = os.pread(memory.fileno(), end - start, start)
                except OSError:  # [vvar] and the like
                    continue
                place = content.find(needle)
                while place >= 0:
                    found.append(start + place)
                    place = content.find(needle, place + 1)
        return found

    def _readable(self) -> Iterator[tuple[int, int]]:
        for line in Path(f"/proc/{self._popen.pid}/maps").read_text().splitlines():
            bounds, rights = line.split()[:2]
            if rights.startswith("r"):
                start, end = (int(each, 16) for each in bounds.split("-"))
                if start < 2**63:
                    yield start, end


@contextmanager
def started(folder: Path, ttl: int, wipe: str) -> Iterator[Process]:
    path = folder / "kek"
    path.write_bytes(b"signward-kek-v1\n" + KEK)
    path.chmod(0o600)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.integration.custody.scanned", str(folder), str(ttl), wipe],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(("server", "client", "."))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as popen:
        try:
            yield Process(popen)
        finally:
            popen.kill()


def derived(info: bytes) -> bytes:
    return hmac.digest(KEK, info + b"\x01", "sha256")


def secrets_of(made: dict[str, Any]) -> dict[str, bytes]:
    """Open an envelope by other means, and name everything in it that must not be found."""
    fixed = attributes(Algorithm(made["algorithm"]), made["id"])
    binding = Binding(fixed, 1, PublicKey.from_spki(bytes.fromhex(made["spki"])))
    parts = SealedKey.parse(bytes.fromhex(made["envelope"]))
    wrapping = AESGCM(derived(b"signward kek v1 wrapping"))
    data_key = wrapping.decrypt(
        parts.wrap_nonce, parts.wrapped_key, binding.for_data_key(parts.kek_id)
    )
    private = AESGCM(data_key).decrypt(parts.seal_nonce, parts.sealed, binding.for_secret())
    found = {"data key": data_key, "private half": private}
    if fixed.algorithm is Algorithm.ED25519:
        expanded = hashlib.sha512(private).digest()
        found["nonce prefix"] = expanded[32:]
        clamped = bytearray(expanded[:32])
        clamped[0] &= 0xF8
        clamped[31] = clamped[31] & 0x7F | 0x40
        found["scalar"] = bytes(clamped)
    else:
        found["limbs"] = private[::-1]  # as libsecp256k1 holds it
    return found


def on_pages(places: list[int], pages: list[int]) -> bool:
    return all(place - place % 4096 in pages for place in places)


def test_s20_no_copy_is_left_of_what_was_wiped(tmp_path: Path) -> None:
    with started(tmp_path, 0, "wipe") as process:
        facts = process.next_step()
        for made in facts["keys"]:
            for name, secret in secrets_of(made).items():
                assert process.find(secret) == [], name
        assert process.find(KEK) == []
        for info in (b"signward kek v1 wrapping", b"signward kek v1 rows"):
            (place,) = process.find(derived(info))
            assert on_pages([place], facts["pages"])
        process.go_on()
        assert process.go_on() == {"pages": []}
        for info in (b"signward kek v1 wrapping", b"signward kek v1 rows"):
            assert process.find(derived(info)) == []


def test_s20_an_unlocked_key_is_on_its_page_only_until_close(tmp_path: Path) -> None:
    with started(tmp_path, 600, "wipe") as process:
        facts = process.next_step()
        for made in facts["keys"]:
            secrets = secrets_of(made)
            (place,) = process.find(secrets.pop("private half"))
            assert on_pages([place], facts["pages"])
            for name, secret in secrets.items():
                assert process.find(secret) == [], name
        process.go_on()
        for made in facts["keys"]:
            assert process.find(secrets_of(made)["private half"]) == []


def test_s20_the_scan_finds_what_is_not_wiped(tmp_path: Path) -> None:
    with started(tmp_path, 0, "keep") as process:
        facts = process.next_step()
        assert process.find(KEK)
        secrets = secrets_of(facts["keys"][-1])  # the slots of the first were used again
        assert process.find(secrets["private half"])
        assert process.find(secrets["data key"])

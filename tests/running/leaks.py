"""Looks for secrets in what a daemon says, in each form that a program may give them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.running.homes import Home

__all__ = ["forms", "leaks", "secret_files"]

_LEAST = 12  # characters: less of a form proves nothing
_SKIPPED = (0, 2, 3)  # characters of Base64 that the bytes before a secret have a part in


def forms(secret: bytes) -> Iterator[bytes]:
    """Yield a secret raw, in hexadecimal, as Python and JSON escape it, and in Base64.

    Base64 depends on how many bytes stand before: what is common to all is left.
    """
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield secret.hex(":").encode()
    yield repr(secret)[2:-1].encode()
    yield "".join(f"\\u{byte:04x}" for byte in secret).encode()
    yield ", ".join(map(str, secret)).encode()
    for before, skipped in enumerate(_SKIPPED):
        encoded = base64.b64encode(bytes(before) + secret).rstrip(b"=")
        whole = encoded[skipped : len(encoded) - bool((before + len(secret)) % 3)]
        yield whole
        yield whole.translate(bytes.maketrans(b"+/", b"-_"))


def leaks(secrets: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return which secret stands where, in whichever form."""
    wanted = {
        name: {form for form in forms(secret) if len(form) >= _LEAST}
        for name, secret in secrets.items()
    }
    return [
        (name, place)
        for place, content in places.items()
        for name, each in wanted.items()
        if any(form in content for form in each)
    ]


def secret_files(home: Home) -> dict[str, bytes]:
    """Return what is secret in a home's files, its keys excepted: the KEK and private keys."""
    found = {file.name: _pem_body(file) for file in (home.path / "tls").glob("*.key")}
    found |= {file.name: _pem_body(file) for file in home.path.glob("*.key")}
    if home.kek.is_file():
        found["KEK"] = home.kek.read_bytes()[-32:]
    return found


def _pem_body(file: Path) -> bytes:
    """Return the end of what a PEM file holds, where the secret number is."""
    body = re.sub(rb"-----[A-Z ]+-----|\s", b"", file.read_bytes())
    return base64.b64decode(body + b"=" * (-len(body) % 4))[-48:]

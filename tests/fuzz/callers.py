"""What callers send beside their messages: API keys in metadata, and page tokens."""

from __future__ import annotations

import string
from typing import Final

from signward_server.core.api_key_secrets import is_secret, make_secret
from signward_server.core.errors import ApiKeyInvalid, FieldInvalid
from signward_server.flows.key_reading import Place
from signward_server.rpc.bearer import secret_of
from signward_server.rpc.page_token import PageTokens

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.call import FakeCall
from tests.fakes.spine.world import World
from tests.fuzz.target import Target, expected

__all__ = ["TARGETS"]

_PRINTABLE: Final = frozenset((string.digits + string.ascii_letters + string.punctuation).encode())
_NAMES: Final = ("authorization", "x-api-key", "authorization-bin", "X-API-KEY", "other")
_TOKENS: Final = PageTokens(b"1" * 32)
_KNOWN: Final = make_secret(bytes(range(32)))


def _world() -> World:
    world = World()
    world.api_keys.insert(api_key(digest=world.secret_digest.digest(_KNOWN.encode())))
    return world


_WORLD = _world()


def metadata(data: bytes) -> None:
    """Read the secret of a call, from lines that begin with the number of their name."""
    lines = [line for line in data.split(b"\n") if line]
    pairs: list[tuple[str, str | bytes]] = []
    for line in lines[:8]:
        name = _NAMES[line[0] % len(_NAMES)]
        text = line[1:].decode("latin-1")
        pairs.append((name, line[1:] if name.endswith("-bin") else text))
    carrying = [text for name, text in pairs if name in ("authorization", "x-api-key")]
    try:
        secret = secret_of(pairs)
    except ApiKeyInvalid:
        expected(bool(carrying))
        return
    assert (secret is None) == (not carrying)
    if secret is not None:
        (text,) = carrying
        assert secret
        assert secret in str(text)
        _authenticate(secret)


def _authenticate(secret: str) -> None:
    try:
        found = _WORLD.api_key_authentication.authenticate(secret, "127.0.0.1")
    except ApiKeyInvalid:
        expected(secret != _KNOWN)
    else:
        assert secret == _KNOWN
        assert found.digest == _WORLD.secret_digest.digest(_KNOWN.encode())


def secret(data: bytes) -> None:
    """Tell a secret from what is none."""
    if is_secret(data):
        assert 24 <= len(data) <= 512
        assert set(data) <= _PRINTABLE
        assert len(set(data)) >= 10 or data.startswith(b"signward_")
        _authenticate(data.decode())


def page_token(data: bytes) -> None:
    """Take back what was given out, and refuse everything else."""
    call, place = FakeCall(), Place(data.decode("utf-8", "replace")[:128], len(data))
    given = _TOKENS.encode(call, data, place)
    assert _TOKENS.decode(call, data, given) == place
    text = data.decode("utf-8", "surrogateescape")
    try:
        begin = _TOKENS.decode(call, data, text)
    except FieldInvalid as error:
        expected(error.violations[0].field == "page_token")
        return
    assert (text, begin) == ("", Place())


TARGETS: Final = {
    "metadata": Target(
        metadata,
        (
            b"\0Bearer " + _KNOWN.encode(), b"\1" + _KNOWN.encode(), b"\0bearer x\n\1y",
            b"\0Basic dXNlcjpwYXNz", b"\2\xff\n\1" + _KNOWN.encode(), b"\0Bearer   " + b"a" * 30,
        ),
    ),
    "secret": Target(secret, (_KNOWN.encode(), b"sk-live:4eC39HqLyjWDarjtT1zdp7dc!")),
    "page_token": Target(page_token, (b"", b"AWJvdC1rZXk", b"ATUvYm90LWtleQ", b"AWE=", b"!!!!")),
}  # fmt: skip

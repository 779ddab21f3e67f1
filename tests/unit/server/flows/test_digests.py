from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.payloads import Hash
from signward_server.core.signing import Decoded, Intent
from signward_server.flows.digests import request_content, signed_digest

from tests.fakes.spine.world import raw

messages = st.lists(st.binary(max_size=4), min_size=1, max_size=3).map(tuple)
parts = st.tuples(
    st.sampled_from(["SignRaw", "SignOrder"]),
    st.integers(0, 3),
    st.sampled_from(Hash),
    st.binary(max_size=3),
    messages,
)


def _content(content: tuple[str, int, Hash, bytes, tuple[bytes, ...]]) -> bytes:
    action, version, hash_, fingerprint, signed = content
    request = raw(version=version, fingerprint=fingerprint)
    return request_content(request, Decoded(Intent(action, {}), signed, hash_))


@given(parts, parts)
def test_s33_contents_differ_when_any_part_differs(
    one: tuple[str, int, Hash, bytes, tuple[bytes, ...]],
    other: tuple[str, int, Hash, bytes, tuple[bytes, ...]],
) -> None:
    assert (_content(one) == _content(other)) == (one == other)


@given(messages)
def test_the_digest_is_that_of_all_signed_bytes(signed: tuple[bytes, ...]) -> None:
    assert signed_digest(signed) == hashlib.sha256(b"".join(signed)).digest()

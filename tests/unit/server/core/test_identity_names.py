from __future__ import annotations

import re
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.identity import IdentityKind
from signward_server.core.identity_names import is_within, name_of, require_scope

SPIFFE, DNS, CN = IdentityKind.SPIFFE, IdentityKind.DNS, IdentityKind.CN
CERTIFICATE_KINDS = [SPIFFE, DNS, CN]
LONGEST_DOMAIN = "a" * 255
LONGEST_ID = "spiffe://a/" + "b" * 2037


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        ("spiffe://example.org/bot", "//example.org/bot"),
        ("spiffe://a/b/C_9.x-y/...", "//a/b/C_9.x-y/..."),
        ("spiffe://a_b-c.d0/.hidden", "//a_b-c.d0/.hidden"),
        (f"spiffe://{LONGEST_DOMAIN}/b", f"//{LONGEST_DOMAIN}/b"),
        (LONGEST_ID, LONGEST_ID.removeprefix("spiffe:")),
    ],
)
def test_spiffe_ids(claim, name):
    assert name_of(SPIFFE, claim) == name


@pytest.mark.parametrize(
    "claim",
    [
        *("", "spiffe:", "spiffe://", "spiffe:///bot", "spiffe://a", "spiffe://a/", "//a/b"),
        *("SPIFFE://a/b", "Spiffe://a/b", "http://a/b", " spiffe://a/b", "spiffe://a/b ", "bot"),
        *("spiffe://A/b", "spiffe://exAmple.org/b", "spiffe://*/b", "spiffe://*.a/b"),
        *("spiffe://a/*", "spiffe://a//b", "spiffe://a/b/", "spiffe://a/./b", "spiffe://a/../b"),
        *("spiffe://a/.", "spiffe://a/b/..", "spiffe://./b", "spiffe://../b", "spiffe://a..b/c"),
        *("spiffe://.a/b", "spiffe://a./b", "spiffe://a/%62", "spiffe://a/b%2fc", "spiffe://%61/b"),
        *("spiffe://a:443/b", "spiffe://u@a/b", "spiffe://u:p@a/b", "spiffe://[::1]/b"),
        *(
            "spiffe://a/b?c=d",
            "spiffe://a/b#c",
            "spiffe://a?b/c",
            "spiffe://a#b/c",
            "spiffe://a\\b",
        ),
        *(
            "spiffe://a/b\0",
            "spiffe://a/b\0.evil",
            "spiffe://a\0/b",
            "spiffe://a/b\n",
            "spiffe://a/b\t",
        ),
        *("spiffe://a/b\x7f", "spiffe://a/\u00e9", "spiffe://\u0430/b", "spiffe://a/\uff42"),
        *(LONGEST_ID + "b", f"spiffe://{LONGEST_DOMAIN}a/b", "spiffe://a/b,spiffe://a/c"),
    ],
)
def test_s01_hostile_spiffe_ids(claim):
    assert name_of(SPIFFE, claim) is None


@pytest.mark.parametrize("claim", ["bot", "bot.example.org", "a-b.c0", "x" * 63, "a." * 126 + "b"])
def test_dns_names(claim):
    assert name_of(DNS, claim) == claim


@pytest.mark.parametrize(
    "claim",
    [
        *("", ".", "a.", ".a", "a..b", "*", "*.example.org", "b*.example.org", "Bot.example.org"),
        *("a_b", "-a", "a-", "a b", "a/b", "spiffe://a/b", "a:443", "u@a", "a%2eb", "a\0", "a\0.b"),
        *("a\n", "\u00e9", "\uff41", "x" * 64, "a." * 126 + "bb", "a,b"),
    ],
)
def test_s01_hostile_dns_names(claim):
    assert name_of(DNS, claim) is None


@pytest.mark.parametrize(
    "claim",
    ["bot", "Trading Bot 1", "bot.example.org", "system:node:a-1", "a@b.org", "a+b_c", "x" * 64],
)
def test_common_names(claim):
    assert name_of(CN, claim) == claim


@pytest.mark.parametrize(
    "claim",
    [
        *("", " ", ".", "..", "a..b", "a  b", " a", "a ", ".a", "a.", "*", "a*", "a/b", "../a"),
        *(
            "admin\0.evil",
            "admin\0",
            "a\n",
            "a\tb",
            "a\x1b[2J",
            "a\x7f",
            "%61",
            "a,b",
            "a=b",
            "a\\b",
        ),
        *(
            "\u00e9",
            "\u0430dmin",
            "admin\u200b",
            "admin\u202e",
            "x" * 65,
            'a"',
            "<a>",
            "spiffe://a/b",
        ),
    ],
)
def test_s01_hostile_common_names(claim):
    assert name_of(CN, claim) is None


@given(st.sampled_from(CERTIFICATE_KINDS), st.text())
def test_s01_what_is_accepted_is_plain_and_unchanged(kind, claim):
    for candidate in (claim, f"spiffe://{claim}", f"spiffe://a/{claim}"):
        name = name_of(kind, candidate)
        if name is not None:
            assert candidate == ("spiffe:" if kind is SPIFFE else "") + name
            assert re.fullmatch(r"[A-Za-z0-9_@+.:/ -]+", name)


@pytest.mark.parametrize("kind", CERTIFICATE_KINDS)
@pytest.mark.parametrize("piece", ["a", "a.", "a-", "a ", "/a", "spiffe://a/"])
def test_a_mebibyte_is_refused_at_once(kind, piece):
    claim = piece * (2**20 // len(piece))
    start = thread_time()
    for prefix in ("", "spiffe://", "spiffe://a/"):
        assert name_of(kind, prefix + claim) is None
    assert thread_time() - start < 0.1


@pytest.mark.parametrize(
    ("kind", "scope", "inside", "outside"),
    [
        (SPIFFE, "a.org", "//a.org/b", ["//a.orgs/b", "//b.a.org/b", "//b/a.org/c"]),
        (DNS, "a.org", "a.org", ["b.a.org", "aa.org"]),
        (DNS, ".a.org", "b.a.org", ["a.org", "ba.org", "a.org.b"]),
        (CN, "bot", "bot", ["bot2", "Bot", "a bot"]),
    ],
)
def test_s01_scopes(kind, scope, inside, outside):
    require_scope(kind, scope)
    assert is_within(kind, inside, scope)
    assert not any(is_within(kind, name, scope) for name in outside)


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        *((SPIFFE, scope) for scope in ("", "A", "a/b", "spiffe://a", "*", ".a", "x" * 256)),
        *((DNS, scope) for scope in ("", ".", "..a", "*.a", "A", "a.")),
        *((CN, scope) for scope in ("", "*", ".a", "a/b")),
    ],
)
def test_s01_a_scope_is_as_strict_as_a_name(kind, scope):
    with pytest.raises(ValueError, match="not something that a client CA can assert"):
        require_scope(kind, scope)

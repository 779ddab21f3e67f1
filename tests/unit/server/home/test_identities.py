"""Names that a certificate may carry (S1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.startup import ConfigurationRefused
from signward_server.home.identities import file_name, parse_identity


@pytest.mark.parametrize(
    ("text", "identity", "file"),
    [
        ("bot", Identity(IdentityKind.CN, "bot"), "bot"),
        ("cn:bot@desk_1.x", Identity(IdentityKind.CN, "bot@desk_1.x"), "bot@desk_1.x"),
        ("dns:bot.local", Identity(IdentityKind.DNS, "bot.local"), "bot.local"),
        ("spiffe://td.org/a/Bot", Identity(IdentityKind.SPIFFE, "//td.org/a/Bot"), "Bot"),
    ],
)
def test_identities_are_read_in_their_typed_form(text, identity, file):
    assert parse_identity(text) == identity
    assert file_name(identity) == file


@pytest.mark.parametrize(
    "text",
    [
        "", "cn:", "a b", "a/b", "../x", ".x", "a\0b", "a\nb", "b\u00f6t", "x" * 65, "*", "cn:*.x",
        "admin\\0.evil", "a%20b", "apikey:x", "dns:", "dns:*.x", "dns:X.local", "dns:-a",
        "dns:a..b", "dns:" + "a." * 127 + "ab", "dns:" + "a" * 64, "spiffe:", "spiffe://", "spiffe://td",
        "spiffe://td/", "spiffe://TD/a", "spiffe://td/a/../b", "spiffe://td/.", "spiffe://td//a",
        "spiffe://td/a%2fb", "spiffe://td/a?b", "spiffe://user@td/a", "spiffe://td:1/a",
        "spiffe://td/a\n",
    ],
)  # fmt: skip
def test_s01_hostile_names_are_refused(text):
    with pytest.raises(ConfigurationRefused, match=r"this is no (cn|dns|spiffe) identity"):
        parse_identity(text)


@given(st.text(max_size=80))
def test_s01_whatever_is_accepted_is_a_safe_file_name(text):
    try:
        name = file_name(parse_identity(text))
    except ConfigurationRefused:
        return
    assert name.isascii()
    assert name.isprintable()
    assert name not in ("", ".", "..")
    assert "/" not in name

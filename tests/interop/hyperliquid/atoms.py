"""What actions are made of: numbers, addresses and names, in the spellings that callers use."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

from tests.interop.hyperliquid.cases import Said

__all__ = [
    "addresses",
    "amounts",
    "any_of",
    "assets",
    "cloids",
    "counts",
    "dexes",
    "moments",
    "names",
    "nonces",
    "perhaps_addresses",
    "prices",
    "sizes",
    "sub_accounts",
    "times",
    "tokens",
]

_T = TypeVar("_T")
_HIGHEST = 2**63 - 1
_CASES = st.sampled_from([str.lower, str.upper, str.title, str.swapcase])
_NOW = 1_795_000_000_000  # milliseconds: the end of 2026
# What MessagePack and doubles write in different ways on either side.
_EDGES = sorted(
    {edge + step for edge in (2**7, 2**8, 2**16, 2**31, 2**32, 2**53) for step in (-1, 0, 1)}
)


# Each strategy is made once: making and checking one takes longer than drawing from it.
@cache
def any_of(*options: _T) -> st.SearchStrategy[_T]:
    """Draw one of a few."""
    return st.sampled_from(options)


@cache
def counts(highest: int = _HIGHEST, lowest: int = 0) -> st.SearchStrategy[int]:
    """Draw integers, often from where their encodings change."""
    edges = [edge for edge in [lowest, *_EDGES, highest] if lowest <= edge <= highest]
    return st.one_of(
        st.sampled_from(edges),
        st.integers(lowest, min(highest, lowest + 100_000)),
        st.integers(lowest, highest),
    )


def _spelled(text: str, zeros: int) -> Said:
    """Return a decimal as the exchange gets it; a caller may write further zeros behind it."""
    number = Decimal(text)
    normal = "0" if number == 0 else format(number.normalize(), "f")
    if not zeros:
        return Said(normal, text)
    places = len(text.partition(".")[2])
    more = "0" * min(zeros, 8 - places)
    return Said(normal, f"{text}{'' if '.' in text else '.'}{more}" if more else text)


@cache
def _decimals(whole: int, least: int = 0) -> st.SearchStrategy[Said]:
    """Draw decimals of up to 8 places with a whole part of up to ``whole``, 15 digits in all."""
    parts = st.tuples(
        st.integers(0, whole), st.integers(0, 8), st.integers(0, 10**8 - 1), st.integers(0, 3)
    )

    def text(parts: tuple[int, int, int, int]) -> Said:
        left, places, right, zeros = parts
        places = min(places, 15 - len(str(left)))
        fraction = f"{right:08d}"[:places]
        return _spelled(f"{left}.{fraction}" if fraction else str(left), zeros)

    return parts.map(text).filter(lambda number: Decimal(number) * 10**8 >= least)


@cache
def prices() -> st.SearchStrategy[Said]:
    """Draw prices above 0."""
    return _decimals(200_000, 1)


@cache
def sizes() -> st.SearchStrategy[Said]:
    """Draw sizes above 0; 256 times the highest price and size do not leave 63 bits."""
    return _decimals(1_000, 1)


@cache
def amounts() -> st.SearchStrategy[Said]:
    """Draw amounts above 0, large ones among them."""
    large = st.tuples(st.integers(10**7, 92_233_720_367), st.sampled_from(["", ".5", ".25", ".0"]))
    return st.one_of(
        _decimals(9_999_999, 1), large.map(lambda parts: _spelled("".join(map(str, parts)), 0))
    )


@cache
def addresses() -> st.SearchStrategy[Said]:
    """Draw addresses; callers write them in any case."""
    usual, small = st.binary(min_size=20, max_size=20), st.just(b"\0" * 19 + b"\1")
    return st.builds(_hex, st.one_of(usual, small), _CASES)


@cache
def cloids() -> st.SearchStrategy[Said]:
    """Draw client order ids; callers write them in any case."""
    usual = st.binary(min_size=16, max_size=16)
    small = st.integers(0, 255).map(lambda number: number.to_bytes(16, "big"))
    return st.builds(_hex, st.one_of(usual, usual, usual, small), _CASES)


def _hex(number: bytes, case: Callable[[str], str]) -> Said:
    return Said(f"0x{number.hex()}", f"0x{case(number.hex())}")


@cache
def perhaps_addresses() -> st.SearchStrategy[Said | None]:
    """Draw addresses, or ``None``."""
    return st.none() | addresses()


@cache
def sub_accounts() -> st.SearchStrategy[Said]:
    """Draw addresses, or none as the exchange says it."""
    return st.just(Said("", "")) | addresses()


@cache
def dexes() -> st.SearchStrategy[str]:
    """Draw names of exchanges on the exchange."""
    return any_of("", "spot", "xyz")


@cache
def assets() -> st.SearchStrategy[int]:
    """Draw numbers of perpetuals, spot pairs and assets of other exchanges."""
    return st.one_of(
        st.integers(0, 300), st.integers(10_000, 10_300), st.integers(100_000, 140_000)
    )


@cache
def tokens() -> st.SearchStrategy[str]:
    """Draw spot tokens, ``NAME:0x`` and 32 hex digits."""
    digits = st.binary(min_size=16, max_size=16).map(bytes.hex)
    name = st.sampled_from(["USDC", "PURR", "HYPE", "UBTC", "USDT0", "T"])
    return st.builds("{}:0x{}".format, name, digits)


@cache
def names(longest: int = 16) -> st.SearchStrategy[str]:
    """Draw names of 1 to ``longest`` characters, from all of Unicode that can be read."""
    characters = st.one_of(
        st.sampled_from("abcXYZ019 -_"),
        st.characters(exclude_categories=("C", "Z"), max_codepoint=0x2FFFF),
    )
    return st.text(characters, min_size=1, max_size=longest).filter(
        lambda name: name == name.strip()
    )


@cache
def nonces() -> st.SearchStrategy[int]:
    """Draw nonces: mostly of these years, also the smallest."""
    return st.one_of(st.integers(_NOW - 10**9, _NOW + 10**11), st.integers(1, 2**33))


@cache
def times() -> st.SearchStrategy[int]:
    """Draw moments that actions expire at, past ones among them; 0 for none."""
    return st.one_of(st.just(0), st.integers(_NOW - 10**9, _NOW + 10**11), st.integers(1, 2**33))


@cache
def moments() -> st.SearchStrategy[int]:
    """Draw moments to come."""
    return st.integers(_NOW, _NOW + 10**11)

"""Reads a list of reference prices: a small JSON document in which nothing is ambiguous.

``{"time": 1795000000000, "mainnet": {"0": "65000.5"}, "testnet": {}}``: the time for which the
prices hold, in milliseconds since the epoch, and by network and number of the asset a decimal
string. Everything else is refused as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NoReturn, TypeAlias

from signward_server.core.decimals import MAX_UNITS, PLACES, split_decimal, units_of
from signward_server.core.networks import HYPERLIQUID_NETWORKS

__all__ = ["LARGEST_LIST", "BadPriceList", "PriceList", "Prices", "parsed", "prices_in"]

Prices: TypeAlias = Mapping[tuple[str, int], int]
"""In 1e-8 units, above 0, by network and number of the asset."""

LARGEST_LIST: Final = 2**20  # bytes
_LAST_ASSET: Final = 2**32 - 1
_LATEST = 2**53  # milliseconds since the epoch
_LONGEST_TIME: Final = 16  # digits

_is_asset = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII).fullmatch


class BadPriceList(Exception):  # noqa: N818  # names what it is about
    """A text is no list of prices.

    Args:
        text: What is wrong, without its values.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices as of one time.

    Attributes:
        time: Milliseconds since the epoch.
        prices: All that hold then.
    """

    time: int
    prices: Prices


def parsed(data: bytes) -> PriceList:
    """Return the prices of a document.

    Args:
        data: All of it; more than ``LARGEST_LIST`` bytes are refused.

    Raises:
        BadPriceList: Says what is wrong.
    """
    if len(data) > LARGEST_LIST:
        raise BadPriceList("holds more than 1 MiB")
    document = _document(data)
    if unknown := set(document) - {"time", *HYPERLIQUID_NETWORKS}:
        raise BadPriceList(f"has {len(unknown)} unknown keys beside time, mainnet and testnet")
    time = document.get("time")
    if type(time) is not int or not 0 < time < _LATEST:
        raise BadPriceList("has no time in milliseconds since the epoch")
    return PriceList(time, prices_in(document))


def prices_in(document: Mapping[str, object]) -> Prices:
    """Return the prices of all networks that a document has; its other members are ignored.

    Raises:
        BadPriceList: Says what is wrong.
    """
    prices: dict[tuple[str, int], int] = {}
    for network in HYPERLIQUID_NETWORKS:
        listed = document.get(network, {})
        if not isinstance(listed, dict):
            raise BadPriceList(f"has a {network} that is no object")
        for asset, text in listed.items():
            prices[network, _asset(asset, network)] = _price(text, network, asset)
    return MappingProxyType(prices)


def _document(data: bytes) -> dict[str, object]:
    try:
        found = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_refused,
            parse_constant=_refused,
        )
    except UnicodeDecodeError:
        raise BadPriceList("is not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadPriceList("is no JSON") from None
    if not isinstance(found, dict):
        raise BadPriceList("is no JSON object")
    return found


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadPriceList("has a key twice")
    return found


def _whole(text: str) -> int:
    if len(text) > _LONGEST_TIME:  # before it is worked out: that takes the square of its length
        raise BadPriceList("has a number that is too long")
    return int(text)


def _refused(_: str) -> NoReturn:
    raise BadPriceList("has a number with a fraction or an exponent; prices are decimal strings")


def _asset(text: str, network: str) -> int:
    if not _is_asset(text) or int(text) > _LAST_ASSET:
        raise BadPriceList(f"has a key in {network} that is no number of an asset")
    return int(text)


def _price(text: object, network: str, asset: str) -> int:
    parts = split_decimal(text) if isinstance(text, str) else None
    if parts is None or len(parts[1]) > PLACES:
        fix = 'write it like "65000.5", with at most 8 decimals'
        raise BadPriceList(f"has no price for asset {asset} of {network}: {fix}")
    units = units_of(*parts)
    if not 0 < units <= MAX_UNITS:
        raise BadPriceList(f"has a price for asset {asset} of {network} that is 0 or too high")
    return units

"""A home with every set that is shipped at once, beside the starter policies."""

from __future__ import annotations

import dataclasses
import json
import time
import tomllib
from collections.abc import Callable
from typing import Any, Final

from signward import Client, SignwardError
from signward.v1 import resources_pb2 as resources

from tests.running.homes import Home, replace
from tests.running.red_team.shipped import SHIPPED, shipped
from tests.running.red_team.thieves import PRICES, THIEVES, Thief

__all__ = ["IDENTITIES", "besiege", "make_key", "put_prices", "reason_of", "today"]

IDENTITIES: Final = (*(thief.name for thief in THIEVES), "on-call", "controller")


def besiege(home: Home) -> None:
    """Put all that is shipped into a home: policies, groups, caps and reference prices."""
    home.forbid_what_tests_do()
    groups: dict[str, list[str]] = {}
    caps: dict[str, dict[str, Any]] = {}
    for name in SHIPPED:
        for file in shipped(name).folder.glob("*.cedar"):
            home.permit(file.read_text(), file.name)
        document = tomllib.loads(shipped(name).configuration.read_text())
        groups |= document.get("groups", {})
        caps |= document.get("caps", {})
    for name, cap in caps.items():
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in cap.items())
        _append(home, f"\n[caps.{name}]\n{lines}")
    home.configure('# reference_prices = ""', 'reference_prices = "prices.json"')
    home.configure('# reference_max_age = "1m"', 'reference_max_age = "1h"')
    members = "".join(f"{name} = {json.dumps(who)}\n" for name, who in groups.items())
    home.configure("\n[groups]\n", f"\n[groups]\n{members}")
    put_prices(home)
    for name in IDENTITIES:
        home.issue(name)


def _append(home: Home, text: str) -> None:
    with home.configuration.open("a") as file:
        file.write(text)


def put_prices(home: Home, **prices: str) -> None:
    """Write the file of reference prices anew."""
    listed = {"time": _now(), "mainnet": PRICES | prices}
    replace(home.path / "prices.json", json.dumps(listed).encode())


def _now() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def today(thief: Thief) -> Thief:
    """Return a thief of now."""
    return dataclasses.replace(thief, now=_now())


def make_key(admin: Client, thief: Thief) -> None:
    """Make the key of a thief."""
    admin.create_key(
        thief.key,
        algorithm=resources.ALGORITHM_ECDSA_SECP256K1,
        purpose=resources.PURPOSE_HYPERLIQUID,
        network="mainnet",
        labels={"hyperliquid": thief.label},
    )


def reason_of(call: Callable[[], object]) -> str:
    """Return why a call is refused; empty if it is not."""
    try:
        call()
    except SignwardError as error:
        return error.reason
    return ""

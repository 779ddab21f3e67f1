"""Starts a daemon in a temporary home, and a bot that makes a market on a paper exchange with it.

Usage: python hyperliquid_demo.py [ROUNDS]

What the bot may do is in hyperliquid_demo.cedar. Whatever happens, interruption included, the
daemon is stopped and the home removed.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from signward import Algorithm, Client, Custody, Purpose, ReloadPart
from signward.profiles import read_profile
from temporary_daemon import SIGNWARD, demonstrate

KEY = "desk"
BOT = 60  # seconds that it may take beside its rounds
EXPLANATION = 30
LARGE = {
    "asset": 4,
    "is_buy": True,
    "limit_px": "3200",
    "sz": "62.5",
    "limit": {"tif": "HYPERLIQUID_TIF_GTC"},
}


def make_a_market(rounds: int, console: Console, home: Path, target: str) -> None:
    """Make a key and a policy, and run the bot; anything but success is raised."""
    clients = home / "clients"
    policies = Path(__file__).with_name("hyperliquid_demo.cedar").read_text("utf-8")
    (home / "policies" / "desk.cedar").write_text(policies)
    admin = read_profile("admin", clients / "profiles.toml").credentials()
    with Client(target, admin) as client:
        client.admin.reload([ReloadPart.RELOAD_PART_POLICY])
        client.create_key(
            KEY,
            algorithm=Algorithm.ALGORITHM_ECDSA_SECP256K1,
            custody=Custody.CUSTODY_ENVELOPE,
            purpose=Purpose.PURPOSE_HYPERLIQUID,
            network="testnet",
            owner="cn:bot",
        )
    console.print("  a key for the testnet, and policies for its bot")
    console.print("[bold]python hyperliquid_bot.py desk[/bold]")
    variables = {
        "SIGNWARD_TARGET": target,
        "SIGNWARD_CA": str(clients / "ca.crt"),
        "SIGNWARD_CERT": str(clients / "bot.crt"),
        "SIGNWARD_KEY": str(clients / "bot.key"),
    }
    inherited = {key: text for key, text in os.environ.items() if not key.startswith("SIGNWARD_")}
    bot = Path(__file__).with_name("hyperliquid_bot.py")
    command = [sys.executable, str(bot), KEY, "--rounds", str(rounds)]
    subprocess.run(command, env=inherited | variables, check=True, timeout=BOT + 3 * rounds)
    explain(console, home, target, inherited)


def explain(console: Console, home: Path, target: str, environment: dict[str, str]) -> None:
    """Show which policies decided about a large order, and what they saw."""
    console.print("[bold]signward policy explain[/bold] of the large order")
    soon = time.time_ns() // 1_000_000 + 30_000
    payload = json.dumps({"hyperliquid": {"order": {"orders": [LARGE]}, "expires_after": soon}})
    whom = ("--home", str(home), "--identity", "cn:bot", "--key", KEY, "--payload", payload)
    profiles = str(home / "clients" / "profiles.toml")
    where = ("--profiles", profiles, "--profile", "admin", "--target", target)
    subprocess.run(
        [*SIGNWARD, "policy", "explain", *whom, *where],
        env=environment,
        check=False,  # it ends with 1 for what is not allowed
        timeout=EXPLANATION,
    )


if __name__ == "__main__":
    console = Console(highlight=False)
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    sys.exit(demonstrate(console, functools.partial(make_a_market, rounds, console)))

"""Starts a daemon in a temporary home, and a bot that makes a market on a paper exchange with it.

Usage: python hyperliquid_demo.py [ROUNDS]

What the bot may do is in hyperliquid_demo.cedar. Whatever happens, interruption included, the
daemon is stopped and the home removed.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from signward import Algorithm, Client, Custody, Purpose, ReloadPart
from signward.profiles import read_profile
from temporary_daemon import demonstrate

KEY = "desk"
BOT = 60  # seconds that it may take beside its rounds


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


if __name__ == "__main__":
    console = Console(highlight=False)
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    sys.exit(demonstrate(console, functools.partial(make_a_market, rounds, console)))

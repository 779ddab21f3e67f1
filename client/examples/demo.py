"""Starts a daemon in a temporary home, takes the tour as a separate process, cleans up.

Usage: python demo.py

Exits with 0 only when everything on the tour was as promised. Whatever happens, interruption
included, the daemon is stopped and the home removed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rich.console import Console
from temporary_daemon import demonstrate

TOUR = 45  # seconds that it may take


def take_the_tour(home: Path, target: str) -> None:
    """Run it; anything but success is raised."""
    tour = Path(__file__).with_name("tour.py")
    profiles = home / "clients" / "profiles.toml"
    subprocess.run([sys.executable, str(tour), str(profiles), target], check=True, timeout=TOUR)


if __name__ == "__main__":
    sys.exit(demonstrate(Console(highlight=False), take_the_tour))

"""``signward kek show``: which KEK a home has, and which ones its keys name."""

from __future__ import annotations

import os

from signward_server.cli.locating import AsJson, ConfigOption, HomeOption, SetOption, locate
from signward_server.cli.reporting import print_result, reported

__all__ = ["show"]


def show(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: AsJson = False,
) -> None:
    """Show where the KEK comes from, its id, and how many private halves name which KEK."""
    with reported():
        from signward_server.cli.hardening import harden
        from signward_server.config import load
        from signward_server.core.clock import SystemClock
        from signward_server.home.kek_access import KekAccess
        from signward_server.home.parts import translated
        from signward_server.wiring.kek_showing import look

        harden()
        _, file = locate(home, config)
        loaded = load(file, environment=os.environ, flags=settings or ())
        with translated():
            seen = look(loaded, SystemClock(), KekAccess())
        result = {
            "source": seen.place.kind,
            "kek": str(seen.place.path),
            "id": seen.kek_id.hex(),
            "rotation": seen.rotation,
            "named": {kek_id.hex(): count for kek_id, count in seen.tally.named.most_common()},
            "unknown": seen.tally.unknown,
        }
        where = seen.place.path if seen.place.is_file else f"{seen.place.path.name} (of systemd)"
        lines = [f"KEK        {seen.kek_id.hex()}", f"Source     {seen.place.kind}, {where}"]
        if seen.rotation:
            lines.append(f"Rotation   {seen.rotation}: run `signward kek rotate` again")
        for kek_id, count in seen.tally.named.most_common():
            ours = "this KEK" if kek_id == seen.kek_id else "another KEK"
            lines.append(f"Named      {kek_id.hex()} by {count} private halves ({ours})")
        if seen.tally.unknown:
            lines.append(f"Damaged    {seen.tally.unknown} private halves name no KEK")
        print_result(result, "\n".join(lines), as_json=as_json)

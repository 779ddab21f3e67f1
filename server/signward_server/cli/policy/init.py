"""``signward policy init``."""

from __future__ import annotations

import os

from signward_server.cli.locating import AsJson, ConfigOption, HomeOption, SetOption, locate
from signward_server.cli.reporting import print_result, reported

__all__ = ["init"]


def init(
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    as_json: AsJson = False,
) -> None:
    """Write the starter policies into a home that has none; nothing is ever replaced."""
    with reported():
        from signward_server.config import load
        from signward_server.config.policy import Groups
        from signward_server.config.render import as_keys
        from signward_server.home.starter_policies import STARTER_GROUPS, write_starter

        _, file = locate(home, config)
        loaded = load(file, environment=os.environ, flags=settings or ())
        written = write_starter(loaded.policy.folder)
        missing = {
            name: members
            for name, members in STARTER_GROUPS.items()
            if name not in loaded.groups.members
        }
        text = "\n".join(f"{path} was written" for path in written)
        if missing:
            lines = "".join(f"\n  {line}" for line in ["[groups]", *as_keys(missing, Groups.free)])
            text += f"\n\nNobody administers yet. Say in {file} who does, such as:\n{lines}"
        result = {
            "folder": str(loaded.policy.folder),
            "files": [str(path) for path in written],
            "missing_groups": sorted(missing),
        }
        print_result(result, text, as_json=as_json)

"""``signward policy check``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from signward_server.cli.locating import AsJson, ConfigOption, HomeOption, SetOption
from signward_server.cli.policy.options import FolderArgument
from signward_server.cli.reporting import print_result, reported
from signward_server.core.startup import ExitCode

__all__ = ["check"]


def check(
    folder: FolderArgument = None,
    *,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for problems.")] = False,
    as_json: AsJson = False,
) -> None:
    """Report every problem with policies, and what looks as if it was not meant."""
    with reported():
        from signward_server.cli.policy.loading import Place, load_rules
        from signward_server.cli.policy.warnings import warnings
        from signward_server.config import ConfigurationError
        from signward_server.home.policies import require_groups

        result: dict[str, object] = {"ok": False, "problems": [], "warnings": []}
        try:
            rules = load_rules(Place(folder, home, config, settings or ()))
            if rules.settings is not None:
                require_groups(rules.policies, rules.groups, rules.folder)
        except ConfigurationError as exc:
            if not as_json:
                raise
            result["problems"] = [asdict(problem) for problem in exc.problems]
            print_result(result, "", as_json=True)
            raise typer.Exit(ExitCode.USAGE) from exc
        found = list(warnings(rules))
        if not as_json:
            for warning in found:
                typer.echo(f"signward: warning: {warning}", err=True)
        ok = not (strict and found)
        count = len(rules.policies.policies)
        noun = "policy" if count == 1 else "policies"
        result |= {"ok": ok, "warnings": [asdict(warning) for warning in found]}
        result |= {"policies": count, "version": rules.policies.version}
        if ok or as_json:
            print_result(result, f"{rules.folder} is fine: {count} {noun}", as_json=as_json)
        if not ok:
            raise typer.Exit(ExitCode.USAGE)

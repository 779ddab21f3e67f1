"""``signward policy explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signward_server.cli.locating import AsJson, ConfigOption, HomeOption, SetOption
from signward_server.cli.policy import options as given
from signward_server.cli.reporting import print_result, reported

__all__ = ["explain"]

_NOT_ALLOWED = 1


def explain(
    *,
    identity: given.IdentityOption = None,
    key: given.KeyOption = None,
    payload: given.PayloadOption = None,
    action: given.ActionOption = None,
    version: given.VersionOption = 0,
    authentication: given.AuthenticationOption = None,
    address: given.AddressOption = None,
    time: given.TimeOption = None,
    approved: given.ApprovedOption = False,
    table: given.TableOption = None,
    case: given.CaseOption = None,
    policies: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Policies; those of the table or the configuration."),
    ] = None,
    home: HomeOption = None,
    config: ConfigOption = None,
    settings: SetOption = None,
    target: given.TargetOption = None,
    profile: given.ProfileOption = None,
    profiles: given.ProfilesOption = None,
    timeout: given.TimeoutOption = 5.0,
    as_json: AsJson = False,
) -> None:
    """Say what the daemon would answer, which policies decide, and what they see.

    Exits with 0 if it is allowed, with 1 if it is not.
    """
    with reported():
        from signward_server.cli.policy.asking import Asked, ask
        from signward_server.cli.policy.explaining import as_dictionary, as_text
        from signward_server.cli.policy.keys import Connection
        from signward_server.cli.policy.loading import Place

        folder = policies or (table.absolute().parent if table else None)
        answer = ask(
            Place(folder, home, config, settings or ()),
            Asked(
                identity=identity,
                key=key,
                payload=payload,
                action=action,
                version=version,
                authentication=authentication,
                address=address,
                time=time,
                approved=approved,
                table=table,
                case=case,
            ),
            Connection(
                target=target,
                profile=profile,
                profiles=profiles,
                timeout=timeout,
                as_json=as_json,
            ),
        )
        print_result(as_dictionary(answer), as_text(answer), as_json=as_json)
        if answer.error is not None:
            raise typer.Exit(_NOT_ALLOWED)

"""Arguments and options of the policy commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signward_server.core.identity import Authentication

__all__ = [
    "ActionOption",
    "AddressOption",
    "ApprovedOption",
    "AuthenticationOption",
    "CaseOption",
    "FolderArgument",
    "IdentityOption",
    "KeyOption",
    "PayloadOption",
    "ProfileOption",
    "ProfilesOption",
    "TableOption",
    "TargetOption",
    "TimeOption",
    "TimeoutOption",
    "VersionOption",
]

_ASKING = "What is asked for"
_CONNECTION = "Connection, for the key of a daemon"

FolderArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="FOLDER", help="Folder of policies; by default that of the configuration."
    ),
]
IdentityOption = Annotated[
    str | None, typer.Option(help="Who asks, such as cn:bot.", rich_help_panel=_ASKING)
]
KeyOption = Annotated[
    str | None,
    typer.Option(
        help="The key: an id of the table or of a daemon, @FILE with the JSON of a key, or that.",
        rich_help_panel=_ASKING,
    ),
]
PayloadOption = Annotated[
    str | None,
    typer.Option(
        metavar="JSON", help='What is to be signed: {"order": {...}}, or @FILE.',
        rich_help_panel=_ASKING,
    ),
]  # fmt: skip
ActionOption = Annotated[
    str | None,
    typer.Option(help="What is to be done, if not signed: FreezeKey.", rich_help_panel=_ASKING),
]
VersionOption = Annotated[
    int,
    typer.Option(
        min=0, help="The version that is to sign; 0: the primary one.", rich_help_panel=_ASKING
    ),
]
AuthenticationOption = Annotated[
    Authentication | None,
    typer.Option(help="How the caller shows who it is.", rich_help_panel=_ASKING),
]
AddressOption = Annotated[
    str | None,
    typer.Option(help="The caller's IP address; none by default.", rich_help_panel=_ASKING),
]
TimeOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="When, like 2026-01-07T12:00:00Z; now.", rich_help_panel=_ASKING
    ),
]
ApprovedOption = Annotated[
    bool,
    typer.Option(
        "--approved",
        help="Somebody else has approved exactly this signature.",
        rich_help_panel=_ASKING,
    ),
]
TableOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="A table, whose keys, groups and folder are meant.",
        rich_help_panel=_ASKING,
    ),
]  # fmt: skip
CaseOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="A case of the table, instead of the rest.", rich_help_panel=_ASKING
    ),
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        help="host:port or unix:/path. Else SIGNWARD_TARGET.", rich_help_panel=_CONNECTION
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        help="Profile to connect with. Else SIGNWARD_PROFILE.", rich_help_panel=_CONNECTION
    ),
]
ProfilesOption = Annotated[
    Path | None,
    typer.Option(help="The profiles file. Else SIGNWARD_PROFILES.", rich_help_panel=_CONNECTION),
]
TimeoutOption = Annotated[
    float,
    typer.Option(min=0.001, max=3600, help="Seconds for the call.", rich_help_panel=_CONNECTION),
]

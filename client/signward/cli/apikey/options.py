"""Options that creating and importing an API key share."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["AddressOption", "ExpiresOption", "IdentityOption"]

IdentityOption = Annotated[
    str, typer.Option(help="Who its holder is: spiffe://..., dns:..., cn:... or apikey:...")
]
ExpiresOption = Annotated[
    str, typer.Option(metavar="WHEN", help="When it ends: 90d, or 2027-01-31T12:00:00Z.")
]
AddressOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CIDR", help="Use from this network only; may be given several times.",
    ),
]  # fmt: skip

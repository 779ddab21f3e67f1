"""``signward key create``."""

from __future__ import annotations

from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.durations import read_duration
from signward.cli.key.options import KeyArgument, LabelOption, RotationOption, read_labels
from signward.cli.key.show import show_key
from signward.cli.names import AlgorithmName, CustodyName, PurposeName

__all__ = ["create"]


@connected
def create(
    session: Session,
    key_id: KeyArgument,
    algorithm: Annotated[AlgorithmName, typer.Option(help="Signature algorithm.")],
    purpose: Annotated[PurposeName, typer.Option(help="The only payload it will sign.")],
    custody: Annotated[CustodyName, typer.Option(help="Where it lives.")] = CustodyName.ENVELOPE,
    owner: Annotated[str, typer.Option(help="Identity it belongs to; default: you.")] = "",
    user_id: Annotated[str, typer.Option(help="The owner's customer.")] = "",
    label: LabelOption = None,
    network: Annotated[str, typer.Option(help="Ledger network to pin it to.")] = "",
    vault: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Hyperliquid vault to pin it to.")
    ] = "",
    unlock_ttl: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long it stays unlocked, as 30s.")
    ] = None,
    grace_period: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long old versions sign, as 30d.")
    ] = None,
    rotation_period: RotationOption = None,
    allow_digest: Annotated[
        bool, typer.Option("--allow-digest", help="May sign bare 32-byte digests.")
    ] = False,
    request_id: Annotated[
        str | None, typer.Option(help="Makes repeating this command safe.", show_default=False)
    ] = None,
    validate_only: Annotated[
        bool, typer.Option("--validate-only", help="Check everything, create nothing.")
    ] = False,
) -> None:
    """Create a key with its first version."""
    labels = read_labels(label)
    unlock, grace = read_duration(unlock_ttl), read_duration(grace_period)
    with session.client() as client:
        key = client.create_key(
            key_id,
            algorithm=algorithm.number,
            purpose=purpose.number,
            custody=custody.number,
            owner=owner,
            user_id=user_id,
            labels=labels,
            network=network,
            vault_address=vault,
            unlock_ttl=unlock,
            grace_period=grace,
            rotation_period=read_duration(rotation_period),
            allow_digest=allow_digest,
            request_id=request_id,
            validate_only=validate_only,
        )
    show_key(session.output, key)

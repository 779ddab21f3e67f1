"""``signward key versions``."""

from __future__ import annotations

import itertools
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.key.options import KeyArgument
from signward.cli.key.show import ends
from signward.cli.names import name_of
from signward.v1 import resources_pb2 as resources

__all__ = ["versions"]

_HEADER = ("VERSION", "STATE", "MADE", "ENDS", "FINGERPRINT")


def _row(version: resources.KeyVersion) -> tuple[str, ...]:
    return (
        str(version.version),
        name_of(resources.KeyVersionState.DESCRIPTOR, version.state),
        version.create_time.ToJsonString(),
        ends(version),
        version.public_key.fingerprint.hex(),
    )


@connected
def versions(
    session: Session,
    key_id: KeyArgument,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
) -> None:
    """List the versions of a key, newest first: its history of rotations."""
    with session.client() as client:
        found = client.list_key_versions(key_id, page_size=min(limit, 500))
        shown = list(itertools.islice(found, limit))
    if session.output.as_json:
        session.output.json(shown)
    else:
        session.output.table(_HEADER, [_row(version) for version in shown])

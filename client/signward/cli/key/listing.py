"""``signward key list``."""

from __future__ import annotations

import itertools
from typing import Annotated

import typer

from signward.cli.connection import Session, connected
from signward.cli.key.options import LabelOption, read_labels
from signward.cli.names import CustodyName, PurposeName, name_of
from signward.v1 import resources_pb2 as resources

__all__ = ["list_keys"]

_HEADER = ("ID", "ALGORITHM", "PURPOSE", "CUSTODY", "STATE", "VERSION", "OWNER")


def _row(key: resources.Key) -> tuple[str, ...]:
    return (
        key.id,
        name_of(resources.Algorithm.DESCRIPTOR, key.algorithm),
        name_of(resources.Purpose.DESCRIPTOR, key.purpose),
        name_of(resources.Custody.DESCRIPTOR, key.custody),
        name_of(resources.KeyState.DESCRIPTOR, key.state),
        str(key.primary_version),
        key.owner,
    )


@connected
def list_keys(
    session: Session,
    label: LabelOption = None,
    owner: Annotated[str, typer.Option(help="Only keys of this identity.")] = "",
    user_id: Annotated[str, typer.Option(help="Only keys of this customer.")] = "",
    purpose: Annotated[PurposeName | None, typer.Option(help="Only this purpose.")] = None,
    custody: Annotated[CustodyName | None, typer.Option(help="Only this custody.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
) -> None:
    """List the keys that you may see."""
    labels = read_labels(label)
    with session.client() as client:
        found = client.list_keys(
            labels=labels,
            owner=owner,
            user_id=user_id,
            purpose=resources.PURPOSE_UNSPECIFIED if purpose is None else purpose.number,
            custody=resources.CUSTODY_UNSPECIFIED if custody is None else custody.number,
            page_size=min(limit, 500),
        )
        keys = list(itertools.islice(found, limit))
    if session.output.as_json:
        session.output.json(keys)
    else:
        session.output.table(_HEADER, [_row(key) for key in keys])

"""``signward apikey list``."""

from __future__ import annotations

import itertools
from typing import Annotated

import typer

from signward.cli.apikey.show import state_of
from signward.cli.connection import Session, connected
from signward.v1.admin_service_pb2 import ApiKey

__all__ = ["list_api_keys"]

_HEADER = ("ID", "IDENTITY", "STATE", "EXPIRES", "ADDRESSES", "CREATED BY")


def _row(key: ApiKey) -> tuple[str, ...]:
    return (
        key.id,
        key.identity,
        state_of(key),
        key.expire_time.ToJsonString(),
        ", ".join(key.address_ranges) or "any",
        key.created_by,
    )


@connected
def list_api_keys(
    session: Session,
    identity: Annotated[str, typer.Option(help="Only those of this identity.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
) -> None:
    """List API keys, revoked and expired ones included."""
    with session.client() as client:
        found = client.admin.list_api_keys(identity=identity, page_size=min(limit, 500))
        keys = list(itertools.islice(found, limit))
    if session.output.as_json:
        session.output.json(keys)
    else:
        session.output.table(_HEADER, [_row(key) for key in keys])

"""Reloading a real daemon while its own watch may be reloading too."""

from __future__ import annotations

import time
from collections.abc import Sequence

from signward import Client
from signward.errors import ResourceExhausted
from signward.v1 import admin_service_pb2 as pb

from tests.running.homes import PATIENCE

__all__ = ["reload"]

_PAUSE = 0.05


def reload(admin: Client, parts: Sequence[pb.ReloadPart.ValueType]) -> Sequence[pb.ReloadResult]:
    """Reload parts as soon as no other reload is under way."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return admin.admin.reload(parts)
        except ResourceExhausted:
            if time.monotonic() > end:
                raise
            time.sleep(_PAUSE)

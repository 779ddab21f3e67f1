"""Sealed private halves in a dict."""

from __future__ import annotations

from signward_server.core.errors import EnvelopeCorrupt


class FakeMaterials:
    """Implements ``core.ports.MaterialReader`` and counts the reads; raises ``failure`` if set."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, int], bytes] = {}
        self.reads = 0
        self.failure: Exception | None = None

    def read_material(self, key_id: str, version: int) -> bytes:
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        try:
            return self.stored[key_id, version]
        except KeyError as exc:
            raise EnvelopeCorrupt from exc

"""Raw messages: bytes signed as they are, by keys that were created for nothing else."""

from __future__ import annotations

from signward_server.chains.raw.chain import RawChain

__all__ = ["RawChain"]

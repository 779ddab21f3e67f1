"""The section of hyperliquid: what judging orders of the exchange takes besides policies."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from signward_server.config.addresses import OptionalFilePath
from signward_server.config.quantities import Duration
from signward_server.config.section import Section

__all__ = ["Hyperliquid"]


class Hyperliquid(Section):
    """Actions of the Hyperliquid exchange."""

    nonce_lanes: int = Field(
        0,
        ge=0,
        le=64,
        description="How many processes can number signatures at a time; each gives a signer at "
        "most 1000 nonces a second, divided by this. ``0`` is 8 with a database, else 1, or with "
        "several workers one more than these. Say the same to all daemons that share a database.",
    )
    reference_prices: OptionalFilePath = Field(
        None,
        description="File of prices to judge orders by, kept up to date by you; docs/policy.md "
        "says how it is written. Empty: there are none.",
    )
    reference_max_age: Duration = Field(
        timedelta(seconds=60),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="How long these prices count after the time that the file says. Older ones "
        "are as good as none.",
    )

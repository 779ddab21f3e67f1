"""What the daemon shall reach beside the echo, and whether a run did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.benchmarks.figures import Figures

__all__ = ["TARGETS", "Target", "judged"]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on one figure of one case.

    Attributes:
        case: Name in the results.
        figure: Which figure of it.
        bound: What it shall be at most; at least for throughput, where more is better.
    """

    case: str
    figure: str
    bound: float

    @property
    def is_floor(self) -> bool:
        """Whether more is better."""
        return self.figure.startswith("throughput")

    def met_by(self, value: float) -> bool:
        """Return whether a value reaches it."""
        return value >= self.bound if self.is_floor else value <= self.bound


TARGETS = (
    Target("sign_ed25519", "p50_ratio", 1.25),
    Target("sign_ed25519", "p99_ratio", 1.6),
    Target("sign_ed25519", "throughput_ratio", 0.65),
    Target("get_public_key", "p50_ratio", 1.2),
    Target("sign_ed25519_payload", "p50_ratio_added", 0.3),
    Target("sign_order_payload", "p50_ratio_added", 0.3),
    Target("sign_batch_64", "raw_ratio", 3.0),
    Target("sign_stream", "p50_ratio_to_unary_echo", 0.9),
)


def judged(found: Figures) -> list[dict[str, Any]]:
    """Return each target with what was measured, in the form of the results."""
    return [
        {
            "case": target.case,
            "figure": target.figure,
            "at_least" if target.is_floor else "at_most": target.bound,
            "measured": found[target.case][target.figure],
            "spread": found[target.case][target.figure + "_spread"],
            "met": target.met_by(found[target.case][target.figure]),
        }
        for target in TARGETS
    ]

"""What a supervisor counts itself, beside what its workers do."""

from __future__ import annotations

from signward_server.telemetry.families import Family, Kind

__all__ = ["crew_families"]


def crew_families(*, serving: int, ready: bool, restarts: int) -> list[Family]:
    """Return the metrics of a crew.

    Args:
        serving: Workers that serve.
        ready: Whether all of them are ready.
        restarts: Workers that ended by themselves and were replaced, since the start.
    """
    return [
        _single("workers", "gauge", "Workers that serve.", serving),
        _single("workers_ready", "gauge", "Whether all that serve are ready.", ready),
        _single(
            "worker_restarts",
            "counter",
            "Workers that ended by themselves and were replaced.",
            restarts,
        ),
    ]


def _single(name: str, kind: Kind, text: str, value: float) -> Family:
    return Family(name, kind, text, (), (((), float(value)),))

"""Puts together what the daemon does to keys by itself, and the thread that does it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

from signward_server.core.clock import Patient
from signward_server.core.ports import Audit, Clock, Meter, Step
from signward_server.core.unexpected import unexpected
from signward_server.flows.new_versions import NewVersions
from signward_server.flows.schedules import (
    Destruction,
    Doing,
    Ending,
    Retirement,
    Rotation,
    SchedulePorts,
    Schedules,
)
from signward_server.wiring.vault import Vault

__all__ = ["EachSecond", "build_schedules"]

_INTERVAL = 1.0  # seconds
_PATIENCE = 10.0  # seconds that a look may take when the daemon stops


class EachSecond:
    """A thread that does some things once a second.

    Args:
        looks: What it does, one after the other.
        name: Of the thread.
    """

    def __init__(self, looks: Sequence[Callable[[], None]], name: str) -> None:
        self._looks = looks
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the look that is under way."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(_PATIENCE)

    def _run(self) -> None:
        while not self._stopped.wait(_INTERVAL):
            for look in self._looks:
                try:
                    look()
                except Exception as error:  # noqa: BLE001  # a defect in one must not end all
                    unexpected(error)


def build_schedules(
    vault: Vault,
    audit: Audit,
    clock: Clock,
    meter: Meter,
    announce: timedelta,
) -> Schedules:
    """Return what the daemon does to keys by itself.

    Args:
        vault: Keys and where they are stored.
        audit: Where it is announced and recorded.
        clock: The clocks.
        meter: Counts it.
        announce: How long ahead it is announced.

    Raises:
        StoreUnavailable: The store cannot be read.
    """
    store, custody = vault.store, vault.custody
    time, patient = vault.time, Patient(clock)
    time.tell_of_step(audit, meter)
    custodies = {custody.kind: custody}
    ending = Ending(vault.catalogue, custodies, audit)
    new_versions = NewVersions(
        catalogue=vault.catalogue, custodies=custodies, clock=clock, onward=time
    )
    doings: dict[Step, Doing] = {
        Step.RETIREMENT: Retirement(ending, time.onward),
        Step.DESTRUCTION: Destruction(ending, patient),
        Step.ROTATION: Rotation(new_versions, audit, patient),
    }
    ports = SchedulePorts(
        catalogue=vault.catalogue,
        timetable=store.timetable(),
        residue=store,
        turn=store.turn(),
        audit=audit,
        meter=meter,
    )
    return Schedules(ports, doings, time, announce)

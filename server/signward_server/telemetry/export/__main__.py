"""Exports what comes in on standard input, a socket, until that ends."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import resource
import signal
import socket
import sys
import threading
from pathlib import Path

from signward_server.telemetry.destination import Destination
from signward_server.telemetry.export.backlog import Backlog
from signward_server.telemetry.export.collector import Collector
from signward_server.telemetry.export.receiving import receive, receive_about
from signward_server.telemetry.export.sending import Sender
from signward_server.telemetry.exporter import REPORT, Report
from signward_server.telemetry.logging import configure_logging, flush_logging, log_unhandled

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4  # prctl.h
_LESS_URGENT = 10  # nice(2): whoever signs goes first
_AUTOGROUP = Path("/proc/self/autogroup")
_log = logging.getLogger("signward_server.telemetry.export")
_LAST = 1.0  # seconds, and half a second to end in


def main() -> None:
    """Export until the daemon ends, and then for a second at most."""
    _settle()
    configure_logging("info", sys.stderr)
    log_unhandled()
    end = socket.socket(fileno=sys.stdin.fileno())

    def say(report: Report) -> None:
        with contextlib.suppress(OSError):  # the daemon has ended, or has other things to do
            end.send(REPORT.pack(*report), socket.MSG_DONTWAIT)

    try:
        about = receive_about(end)
    except EOFError:
        return
    destination = Destination(**about)
    backlog = Backlog()
    sender = Sender(backlog, Collector(destination), destination.resource, destination.timeout, say)
    sending = threading.Thread(target=_send, args=[sender], name="sending", daemon=True)
    sending.start()
    receive(end, backlog)
    signal.setitimer(signal.ITIMER_REAL, 1.5 * _LAST)  # ends the process, whatever it hangs in
    sending.join(_LAST)


def _send(sender: Sender) -> None:
    """Send until the end; a defect ends the process, so that the daemon starts another one."""
    try:
        sender.run()
    except Exception:  # noqa: BLE001  # outermost boundary of its thread
        _log.error("exporter fails", exc_info=True)  # as types and places
        flush_logging()
        os._exit(1)


def _settle() -> None:
    """End with the daemon, take what is left over, and keep the collector's secrets from others."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.nice(_LESS_URGENT)
    # A session may be scheduled as a group, and being nice then counts only within it: sched(7),
    # "The autogroup feature". Only what may be dumped can write there.
    with contextlib.suppress(OSError):  # no such groups on this kernel
        _AUTOGROUP.write_text(str(_LESS_URGENT))
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()

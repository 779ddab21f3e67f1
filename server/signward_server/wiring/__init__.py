"""The composition root: the only place that knows all parts."""

from signward_server.wiring.assembly import build
from signward_server.wiring.daemon import Bound, Daemon
from signward_server.wiring.everywhere import Others
from signward_server.wiring.parts import SettingsSource
from signward_server.wiring.process import Process

__all__ = ["Bound", "Daemon", "Others", "Process", "SettingsSource", "build"]

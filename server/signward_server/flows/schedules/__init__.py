"""What the daemon does by itself when its time comes."""

from signward_server.flows.schedules.kept_time import KeptTime
from signward_server.flows.schedules.schedules import SchedulePorts, Schedules
from signward_server.flows.schedules.steps import Destruction, Doing, Ending, Retirement, Rotation

__all__ = [
    "Destruction",
    "Doing",
    "Ending",
    "KeptTime",
    "Retirement",
    "Rotation",
    "SchedulePorts",
    "Schedules",
]

"""Several worker processes behind one address: started, watched, replaced, asked as one.

This process holds no key and speaks no gRPC: it imports neither. ``docs/adr/0013-workers.md``
says why it is built as it is.
"""

from signward_server.supervisor.crew import WorkerFailed
from signward_server.supervisor.link import Link, LinkClosed
from signward_server.supervisor.running import supervise

__all__ = ["Link", "LinkClosed", "WorkerFailed", "supervise"]

"""The audit log's format and its verifier: all that an auditor needs, and nothing of the daemon.

Import what you use from the modules; importing this package loads nothing, and no module of it
loads grpc. The format is described in ``docs/audit.md``.
"""

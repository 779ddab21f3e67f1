"""The section of reload: looking for what has changed on disk."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from signward_server.config.quantities import Duration
from signward_server.config.section import Section

__all__ = ["Reload"]


class Reload(Section):
    """Policies, certificates, groups, limits and the log level take effect without a restart.

    A bad new one keeps the old one in force. SIGHUP and ``signward reload`` look at once. Of
    [tls] it is what the files hold; which files they are takes a restart, like all the rest.
    """

    interval: Duration = Field(
        timedelta(seconds=5),
        ge=timedelta(seconds=1),
        le=timedelta(hours=1),
        description="How often the files are looked at: the longest that a revoked certificate "
        "or a removed policy stays in force after the file has changed.",
    )

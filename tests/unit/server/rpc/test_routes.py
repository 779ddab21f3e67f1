"""What a route may be."""

from __future__ import annotations

import pytest
from signward_server.core.audit_events import AuditEvent
from signward_server.core.method_classes import MethodClass
from signward_server.rpc.routes import Route


@pytest.mark.parametrize("what", MethodClass)
def test_nothing_but_health_can_be_exempt_from_showing_who_calls(what: MethodClass) -> None:
    assert not Route("/x/Y", (), what, AuditEvent.FAILURE).anonymous
    if what is MethodClass.HEALTH:
        assert Route("/x/Y", (), what, AuditEvent.FAILURE, anonymous=True).anonymous
    else:
        with pytest.raises(ValueError, match="/x/Y cannot be exempt"):
            Route("/x/Y", (), what, AuditEvent.FAILURE, anonymous=True)

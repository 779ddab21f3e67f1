"""A group that a policy names and nobody configured: at the start, and while a daemon runs."""

from __future__ import annotations

import pytest
from signward.v1 import admin_service_pb2 as pb
from signward.v1.admin_service_pb2_grpc import AdminServiceStub

from tests.running.homes import PATIENCE, Home
from tests.running.process import Daemon, serve_and_fail

pytestmark = pytest.mark.integration

FORBID = '@id("leavers") forbid (principal in Group::"suspended", action, resource);\n'
REFUSAL = "policy leavers: names the group suspended, which [groups] does not have"


def test_a_daemon_does_not_start_with_one(home: Home) -> None:
    home.permit(FORBID, "leavers.cedar")
    outcome = serve_and_fail(home)
    assert outcome.code == 2
    assert REFUSAL in outcome.said
    with Daemon(home, "--set", 'groups.suspended=["cn:gone"]'):
        pass


def test_a_reload_refuses_one(home: Home) -> None:
    with Daemon(home) as daemon, daemon.client("admin") as client:
        home.permit(FORBID, "leavers.cedar")
        stub = AdminServiceStub(client.channel)
        request = pb.ReloadRequest(parts=[pb.RELOAD_PART_POLICY])
        (result,) = stub.Reload(request, timeout=PATIENCE).results
        assert REFUSAL in result.problem
        assert not result.changed

"""Two workers are one daemon to whoever calls it, asks it or counts it."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from signward import Client, PermissionDenied, SignwardError
from signward.v1 import key_service_pb2 as pb
from signward.v1.key_service_pb2_grpc import KeyServiceStub

from tests.running.capped import order_key, order_request
from tests.running.crews import connected, counts, crew, workers_of
from tests.running.homes import PATIENCE, Home
from tests.running.keys import create, sign_request
from tests.running.process import PATIENT, Daemon
from tests.running.reloads import reload
from tests.running.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

UNWATCHED = ("--set", "reload.interval=1h", *PATIENT)


@pytest.fixture(scope="module")
def daemon(new_home: Callable[[], Home]) -> Iterator[Daemon]:
    with crew(new_home(), 2, *UNWATCHED, "--set", "listen.api_keys=127.0.0.1:0") as running:
        yield running


def test_it_says_where_it_is_and_how_many_they_are(daemon: Daemon) -> None:
    assert daemon.ready["workers"] == 2
    assert daemon.ready["unix"] is None
    assert len(workers_of(daemon)) == 2
    for name in ("tcp", "api_keys", "http"):
        host, port = daemon.ready[name].rsplit(":", 1)
        socket.create_connection((host, int(port)), PATIENCE).close()


def test_a_key_of_one_is_a_key_of_all_and_what_they_count_adds_up(daemon: Daemon) -> None:
    with connected(daemon) as clients:
        order_key(clients[0], "everywhere")
        for client in clients:
            assert eventually(lambda: knows(client, "everywhere"))  # noqa: B023
            client.sign(order_request("everywhere", 1, round(time.time() * 1000)))
    name = 'signward_signatures_total{custody="envelope",purpose="order"}'
    assert counts(daemon, name, len(clients))  # no other test signs orders
    assert daemon.metric("signward_workers") == 2
    assert daemon.metric("signward_worker_restarts_total") == 0
    assert daemon.metric("signward_ready") == 1
    assert (daemon.probe("/livez"), daemon.probe("/readyz")) == (200, 200)


def test_s34_a_key_that_is_disabled_signs_nowhere_when_the_call_has_returned(
    daemon: Daemon,
) -> None:
    with connected(daemon) as clients, daemon.client("admin") as admin:
        create(clients[0], "disabled")
        for client in clients:
            assert eventually(lambda: knows(client, "disabled"))  # noqa: B023
            client.sign(sign_request("disabled"))
        admin.disable_key("disabled")
        for client in clients:
            with pytest.raises(SignwardError) as raised:
                client.sign(sign_request("disabled"))
            assert raised.value.reason == "KEY_DISABLED"


def knows(client: Client, key: str) -> bool:
    try:
        client.get_public_key(key)
    except SignwardError:
        return False
    return True


def test_a_reload_by_call_has_reached_all_when_it_returns(daemon: Daemon) -> None:
    with connected(daemon) as clients, daemon.client("admin") as admin:
        create(clients[0], "reloaded")
        for client in clients:
            assert eventually(lambda: knows(client, "reloaded"))  # noqa: B023
        daemon.home.permit(
            'forbid (principal == Identity::"cn:bot", action == Action::"SignRaw", resource);',
            "forbidden.cedar",
        )
        results = reload(admin, ())
        assert not any(result.problem for result in results)
        for client in clients:
            with pytest.raises(PermissionDenied):
                client.sign(sign_request("reloaded"))
        (daemon.home.policies / "forbidden.cedar").unlink()
        reload(admin, ())
        for client in clients:
            client.sign(sign_request("reloaded"))


def test_sighup_reaches_all(daemon: Daemon) -> None:
    forbidden = daemon.home.policies / "forbidden.cedar"
    before = daemon.metric('signward_reloads_total{part="policy"}')
    daemon.home.permit(
        'forbid (principal == Identity::"cn:nobody", action, resource);', forbidden.name
    )
    daemon.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: daemon.metric('signward_reloads_total{part="policy"}') >= before + 2)
    forbidden.unlink()
    daemon.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: daemon.metric('signward_reloads_total{part="policy"}') >= before + 4)


def test_every_worker_logs_who_it_is(daemon: Daemon) -> None:
    records = [json.loads(line) for line in daemon.said.splitlines()]
    assert {record.get("worker") for record in records} >= {0, 1}


def test_the_next_page_may_come_from_another_worker(daemon: Daemon) -> None:
    with connected(daemon) as clients:
        for number in range(2 * len(clients)):
            create(clients[0], f"page-{number:02}")
        request, found = pb.ListKeysRequest(page_size=2), []
        for client in clients:
            page = KeyServiceStub(client.channel).ListKeys(request, timeout=PATIENCE)
            found += [key.id for key in page.keys if key.id.startswith("page-")]
            request.page_token = page.next_page_token
    assert found == sorted(set(found))
    assert len(found) > 2

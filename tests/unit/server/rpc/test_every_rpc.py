"""Every RPC there is has a route, an action and a limit class, and what its route says is so.

The RPCs are those of the descriptors, so that a new one is missing here until it is asked
about. What a route declares is compared with what policy and limits are really asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2
from signward.v1 import sign_service_pb2 as sign
from signward_server.chains import all_chains
from signward_server.core.actions import RPC_ACTIONS, Resource
from signward_server.core.api_key_secrets import make_secret
from signward_server.core.audit_events import AuditEvent
from signward_server.core.identity import Authentication
from signward_server.core.method_classes import MethodClass
from signward_server.rpc.bounds import ServerLimits
from signward_server.rpc.reflection import REFLECTION_SERVICES
from signward_server.rpc.routes import Route
from signward_server.rpc.serving import Flows, build_server

from tests.fakes.spine.api_keys import api_key
from tests.fakes.spine.every_rpc import EXAMPLES, METHODS, UNIMPLEMENTED, furnish
from tests.fakes.spine.serving import BOUNDS, Served, reason, serve

SIGNING = {action.name: action for chain in all_chains().values() for action in chain.actions}
ACTIONS = {action.name: action for action in RPC_ACTIONS} | SIGNING
ANY_SIGNING = "Sign*"
ANYWHERE = sorted(METHODS)
ENDLESS = ("/Watch", "/TailAuditRecords")  # end when their caller goes
EXEMPT = {name for name in METHODS if name.startswith("/grpc.health.v1.Health/")}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path) as running:
        furnish(running.world)
        yield running


@pytest.fixture
def routes(served: Served) -> dict[str, Route]:
    return {route.name: route for route in served.routes}


# What is known of each RPC


def test_the_services_are_those_that_are_known() -> None:
    assert {name.split("/")[1] for name in METHODS} == {
        "signward.v1.AccountService",
        "signward.v1.AdminService",
        "signward.v1.KeyService",
        "signward.v1.SignService",
        "grpc.health.v1.Health",
        *REFLECTION_SERVICES,
    }


def test_every_rpc_has_one_route_and_every_route_an_rpc(served: Served) -> None:
    assert sorted(route.name for route in served.routes) == sorted(METHODS)


def test_every_route_streams_where_its_rpc_does(routes: dict[str, Route]) -> None:
    for name, method in METHODS.items():
        streams = method.client_streaming or method.server_streaming
        assert (routes[name].streaming is not None) == streams
        assert (routes[name].unary is None) == streams


def test_every_rpc_has_actions_that_policies_know_and_a_limit_class(
    routes: dict[str, Route],
) -> None:
    for name in METHODS:
        assert routes[name].actions
        assert set(routes[name].actions) <= {*ACTIONS, ANY_SIGNING}
        assert isinstance(routes[name].method_class, MethodClass)


def test_limit_classes_follow_from_services_and_actions(routes: dict[str, Route]) -> None:
    changes = {MethodClass.KEY_CREATION, MethodClass.KEY_CHANGE}
    for name in METHODS:
        service, _, method = name[1:].partition("/")
        found = routes[name].method_class
        if service.startswith("signward.") and method.startswith("List"):
            assert found is MethodClass.LIST
        elif service == "signward.v1.AdminService":
            reads = not ACTIONS[method].restricted
            assert found is (MethodClass.READ if reads else MethodClass.ADMINISTRATION)
        elif service == "grpc.health.v1.Health":
            assert found is MethodClass.HEALTH
        elif service in REFLECTION_SERVICES:
            assert found is MethodClass.REFLECTION
        elif ANY_SIGNING in routes[name].actions:
            assert found is MethodClass.SIGN
        elif ACTIONS[method].restricted:
            assert found in changes
        else:
            assert found is (MethodClass.VERIFY if method == "Verify" else MethodClass.READ)


def test_every_action_is_one_of_an_rpc_and_every_limit_class_is_used(served: Served) -> None:
    asked = {action for route in served.routes for action in _expanded(route)}
    assert asked == set(ACTIONS)
    assert {route.method_class for route in served.routes} == set(MethodClass)


def test_a_wildcard_stands_for_all_that_chains_sign() -> None:
    assert SIGNING
    assert all(name.startswith("Sign") for name in SIGNING)
    assert not SIGNING.keys() & {action.name for action in RPC_ACTIONS}


def _expanded(route: Route) -> set[str]:
    named = set(route.actions) - {ANY_SIGNING}
    return named | set(SIGNING) if ANY_SIGNING in route.actions else named


def test_nothing_but_health_can_be_exempt_and_that_by_a_setting_alone(tmp_path: Path) -> None:
    for exempt in (False, True):
        with serve(tmp_path, anonymous_health=exempt) as running:
            anonymous = {route.name for route in running.routes if route.anonymous}
        assert anonymous == (EXEMPT if exempt else set())


@pytest.mark.integration
def test_the_daemon_serves_every_rpc(served: Served) -> None:
    world = served.world
    server = build_server(
        page_key=bytes(32),
        certificates=served.certificates,
        api_keys=world.api_key_authentication,
        failures=served.failures,
        anonymous_health=False,
        bounds=ServerLimits(**BOUNDS),  # type: ignore[arg-type]
        flows=Flows(
            creation=world.creation,
            imports=world.key_import,
            import_parameters=world.import_parameters,
            changes=world.changes,
            versions=world.version_flows,
            signing=world.signing,
            verifying=world.verifying,
            api_keys=world.api_key_changes,
            freezing=world.freezing,
            agents=world.agent_flows,
            approving=world.approving,
            reloading=world.reloading,
            audit_reading=world.audit_reading,
            audit_proving=world.audit_proving,
        ),
        policy=world.policy,
        limits=world.limits,
        endings=world.endings,
        clock=world.clock,
        ready=lambda: True,
    )
    try:
        assert set(server._main._router._handlers) == set(METHODS)
    finally:
        server.stop(0)


# What really happens


def test_every_rpc_has_an_example() -> None:
    assert set(EXAMPLES) == set(METHODS)


def _outcomes(
    served: Served,
    name: str,
    channel: grpc.Channel | None = None,
    metadata: Sequence[tuple[str, str]] = (),
) -> list[str]:
    """Call an RPC with its example; return OK or the reason of each call or item."""
    channel = channel or served.channel()
    requests = EXAMPLES[name](served.world.clock.now())
    if METHODS[name].client_streaming:
        return _answers(channel, name, requests, metadata)
    return [
        outcome for request in requests for outcome in _answers(channel, name, [request], metadata)
    ]


def _answers(
    channel: grpc.Channel,
    name: str,
    requests: Sequence[Message],
    metadata: Sequence[tuple[str, str]],
) -> list[str]:
    answer_type = GetMessageClass(METHODS[name].output_type)
    call = channel.stream_stream(
        name,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=answer_type.FromString,
    )(iter(requests), timeout=10, metadata=tuple(metadata))
    found: list[str] = []
    try:
        for answer in call:
            found.extend(_of(answer))
            if name.endswith(ENDLESS):
                call.cancel()
                return found
    except grpc.RpcError as error:
        found.append(reason(error))
    return found


def _of(answer: Message) -> list[str]:
    """Return the outcome of each item of an answer."""
    if isinstance(answer, sign.SignBatchResponse):
        return [outcome for result in answer.results for outcome in _of(result)]
    error = getattr(answer, "error", None)
    if isinstance(error, status_pb2.Status) and answer.HasField("error"):
        return [reason(error)]
    return ["OK"]


@pytest.mark.integration
@pytest.mark.parametrize("name", ANYWHERE)
def test_with_a_policy_that_allows_all_an_rpc_asks_for_just_what_its_route_says(
    served: Served, routes: dict[str, Route], name: str
) -> None:
    outcomes = _outcomes(served, name)
    if name in UNIMPLEMENTED:
        assert outcomes == ["METHOD_UNIMPLEMENTED"]
        assert served.world.policy.judged == []
    else:
        assert set(outcomes) == {"OK"}
        assert {j.action for j in served.world.policy.judged} == _expanded(routes[name])
        recorded = {(entry.event, entry.outcome) for entry in served.world.audit.entries}
        event = routes[name].event
        events = set() if event is AuditEvent.FAILURE else {(event, "OK")}
        signs = {(AuditEvent.SIGNATURE, "OK")} if _signs_within(routes[name]) else set()
        assert recorded == events | signs
    assert _counted(served) == _costs(routes[name]) * len(outcomes)


@pytest.mark.integration
@pytest.mark.parametrize("name", ANYWHERE)
def test_with_a_policy_that_denies_all_no_rpc_does_anything(
    served: Served, routes: dict[str, Route], name: str
) -> None:
    world = served.world
    world.policy.rule = lambda judgement: False
    before = _state(served)
    outcomes = _outcomes(served, name)
    if name in UNIMPLEMENTED:
        assert outcomes == ["METHOD_UNIMPLEMENTED"]
    else:
        assert set(outcomes) <= {"POLICY_DENIED", "KEY_NOT_FOUND"}
        assert {j.action for j in world.policy.judged} <= _expanded(routes[name])
        assert len(world.policy.judged) == len(outcomes) > 0  # the first no is the last
        recorded = [(entry.event, entry.outcome) for entry in world.audit.entries]
        assert recorded == [(routes[name].event, outcome) for outcome in outcomes]
    assert _state(served) == before
    assert _counted(served) == [(routes[name].method_class, 1)] * len(outcomes)


@pytest.mark.integration
@pytest.mark.parametrize("name", ANYWHERE)
def test_each_action_is_asked_for_the_kind_of_resource_that_it_is_done_to(
    served: Served, name: str
) -> None:
    _outcomes(served, name)
    for judgement in served.world.policy.judged:
        assert (judgement.key is None) == (ACTIONS[judgement.action].resource is Resource.SERVER), (
            judgement.action
        )
        assert (judgement.intent is not None) == (judgement.action in SIGNING)
        assert (judgement.version is not None) == (judgement.action in SIGNING)


@pytest.mark.integration
@pytest.mark.parametrize("name", ANYWHERE)
def test_beyond_its_limit_an_rpc_does_nothing(
    served: Served, routes: dict[str, Route], name: str
) -> None:
    served.world.limits.refused.add(routes[name].method_class)
    before = _state(served)
    outcomes = _outcomes(served, name)
    assert set(outcomes) == {"RATE_LIMITED"}
    assert served.world.audit.outcomes == outcomes
    assert _state(served) == before


def _no_certificate(served: Served) -> grpc.Channel:
    credentials = grpc.ssl_channel_credentials(served.authority.pem)
    channel = grpc.secure_channel(f"localhost:{served.api_key_port}", credentials)
    served.channels.append(channel)
    return channel


@pytest.mark.integration
@pytest.mark.parametrize("name", ANYWHERE)
def test_no_rpc_lets_an_anonymous_caller_through(served: Served, name: str) -> None:
    before = _state(served)
    outcomes = _outcomes(served, name, _no_certificate(served))
    assert set(outcomes) == {"IDENTITY_MISSING"} == set(served.failures.reasons)
    assert _state(served) == before
    assert served.world.policy.judged == []
    assert served.world.audit.entries == []  # they are counted, see ``failures``
    assert _counted(served) == []


@pytest.mark.integration
@pytest.mark.parametrize("name", ANYWHERE)
def test_where_health_is_exempt_nothing_else_is(tmp_path: Path, name: str) -> None:
    with serve(tmp_path, anonymous_health=True) as running:
        furnish(running.world)
        outcomes = _outcomes(running, name, _no_certificate(running))
        assert set(outcomes) == ({"OK"} if name in EXEMPT else {"IDENTITY_MISSING"})
        assert running.world.policy.judged == []


@pytest.mark.integration
@pytest.mark.parametrize("name", ANYWHERE)
def test_s03_the_policy_learns_of_each_rpc_that_an_api_key_alone_asks_for_it(
    served: Served, name: str
) -> None:
    secret = make_secret(bytes(32))
    digest = served.world.secret_digest.digest(secret.encode())
    now = served.world.clock.now()
    served.world.api_keys.insert(
        api_key("bbbbbbbbbbbbbbbb", digest=digest, expire_time=now + timedelta(days=1))
    )
    metadata = [("authorization", f"Bearer {secret}")]
    outcomes = _outcomes(served, name, _no_certificate(served), metadata)
    assert set(outcomes) == {"METHOD_UNIMPLEMENTED" if name in UNIMPLEMENTED else "OK"}
    shown = {j.authentication for j in served.world.policy.judged}
    assert shown == (set() if name in UNIMPLEMENTED else {Authentication.API_KEY})


def _signs_within(route: Route) -> bool:
    """Return whether it makes a signature as a part of something else (S14)."""
    return route.method_class is not MethodClass.SIGN and bool(SIGNING.keys() & set(route.actions))


def _costs(route: Route) -> list[tuple[MethodClass, int]]:
    signature = [(MethodClass.SIGN, 1)] if _signs_within(route) else []
    return [(route.method_class, 1), *signature]


def _counted(served: Served) -> list[tuple[MethodClass, int]]:
    return [(what, cost) for _, what, _, cost in served.world.limits.admitted]


def _state(served: Served) -> object:
    """Return all that an RPC can change."""
    world = served.world
    return (
        list(world.catalogue.page("", 100)),
        list(world.api_keys.page("", 100)),
        list(world.custody.asked),
        list(world.custody.created),
        list(world.custody.forgotten),
        list(world.reloads.asked),
        dict(world.requests.known),
        list(world.register.page("master", "", 100)),
    )

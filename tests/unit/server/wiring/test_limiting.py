"""From the section of rate limits to what enforces them."""

from contextlib import ExitStack

import pytest
from signward_server.config import load
from signward_server.core.errors import ApiKeyInvalid, RateLimited
from signward_server.core.identity import Identity, IdentityKind
from signward_server.core.method_classes import MethodClass as M
from signward_server.core.ports import Level
from signward_server.core.startup import ConfigurationRefused
from signward_server.limits.rules import Per, Rule, version_of
from signward_server.wiring.limiting import build_failures, build_limits, rules_of

from tests.fakes.meter import FakeMeter
from tests.fakes.spine.audit import FakeAudit
from tests.fakes.spine.clock import MovingClock

BOT = Identity(IdentityKind.CN, "bot")


@pytest.fixture
def opened():
    with ExitStack() as stack:
        yield stack


def section(*flags: str):
    return load(None, environment={}, flags=[f"rate_limits.{flag}" for flag in flags]).rate_limits


def built(opened, *flags: str, meter: FakeMeter | None = None):
    return build_limits(section(*flags), MovingClock(), meter or FakeMeter(), opened)


def test_the_default_is_in_memory_and_limits_key_creation(opened):
    meter = FakeMeter()
    limits = built(opened, meter=meter)
    assert not limits.blocking
    assert meter.levels == {Level.LIMIT_STORAGE_UP: 1}
    for _ in range(5):
        limits.admit(BOT, M.KEY_CREATION)
    with pytest.raises(RateLimited):
        limits.admit(BOT, M.KEY_CREATION)
    assert limits.version == version_of(rules_of(section()))
    assert rules_of(section())[:2] == (
        Rule(M.LIST, Per.IDENTITY, 60, 60),
        Rule(M.KEY_CREATION, Per.IDENTITY, 5, 300),
    )


def test_a_storage_that_is_down_at_the_start_is_no_error(opened, tmp_path):
    meter = FakeMeter()
    url = f"storage=redis+unix://{tmp_path}/none"
    limits = built(opened, url, meter=meter)
    assert limits.blocking
    assert meter.levels == {Level.LIMIT_STORAGE_UP: 0}
    with pytest.raises(RateLimited):
        limits.admit(BOT, M.KEY_CREATION)
    limits.admit(BOT, M.READ)
    alone = built(opened, url, "when_unavailable=local")
    alone.admit(BOT, M.KEY_CREATION)


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        (None, 0, "cannot be read"),
        (b"", 0o600, "is no password of one line"),
        (b"\n", 0o600, "is no password of one line"),
        (b"a\nb", 0o600, "is no password of one line"),
        (b"\xff\xfe", 0o600, "is no password of one line"),
        (b"a" * 1025, 0o600, "is no password of one line"),
        (b"pw", 0o644, "has mode 0644, so that others can reach the password"),
        (b"pw", 0o606, "has mode 0606"),
    ],
)
def test_a_password_file_that_is_none_is_refused(opened, tmp_path, content, mode, problem):
    file = tmp_path / "pw"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    url = f"storage=redis+unix://{tmp_path}/none"
    with pytest.raises(ConfigurationRefused, match=problem) as caught:
        built(opened, url, f"storage_password={file}")
    assert caught.value.fix


@pytest.mark.parametrize("content", [b"pw", b"pw\n", b"pw\r\n"])
def test_a_password_is_one_line(opened, tmp_path, content):
    file = tmp_path / "pw"
    file.write_bytes(content)
    file.chmod(0o640)
    assert built(opened, f"storage=redis+unix://{tmp_path}/n", f"storage_password={file}").blocking


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "cannot be read"), (b"x", "holds no certificates")]
)
def test_a_ca_that_is_none_is_refused(opened, tmp_path, content, problem):
    file = tmp_path / "ca"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationRefused, match=problem):
        built(opened, "storage=rediss://127.0.0.1:1", f"storage_ca={file}")


def test_failed_authentications_are_limited_as_configured(opened):
    clock, limits = MovingClock(), section("failures.limit=2", "failures.window=1500ms")
    failures = build_failures(limits, clock, FakeMeter(), FakeAudit(), opened)
    wrong = ApiKeyInvalid()
    assert [failures.answer("", wrong) is wrong for _ in range(3)] == [True, True, False]
    clock.advance(1.5)
    assert failures.answer("", wrong) is wrong

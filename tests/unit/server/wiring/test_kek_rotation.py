"""Rotations of the KEK that are interrupted, and what they find when they go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from signward_server.core.clock import SystemClock
from signward_server.core.startup import AuditRefused, ConfigurationRefused, CustodyRefused
from signward_server.custody.envelope import KekFileError
from signward_server.home.kek_access import KekAccess
from signward_server.store import Rekeying, batch
from signward_server.wiring.kek_rotation import Rotated, Wanted, rotate_kek
from signward_server.wiring.kek_showing import look
from signward_server.wiring.rotation_parts import RotationAccess

from tests.running.filling import fill
from tests.running.homes import Home
from tests.running.rekeyed import add_api_keys, check, settings_of

pytestmark = pytest.mark.integration

KEYS, API_KEYS = 6, 4


class Interrupted(Exception):  # noqa: N818 - what happened
    pass


@pytest.fixture
def filled(new_home: Callable[[], Home], monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(batch, "_MOST", 2)
    home = new_home()
    fill(home, range(KEYS))
    add_api_keys(home.path, API_KEYS)
    return home


def nothing(_done: int, _total: int) -> None:
    pass


def rotate(
    home: Home, wanted: Wanted | None = None, progress: Callable[[int, int], object] = nothing
) -> Rotated:
    access = RotationAccess(
        old=KekAccess(environment={}),
        new=KekAccess(environment={"CREDENTIALS_DIRECTORY": str(home.path)}),
    )
    return rotate_kek(
        settings_of(home.path),
        home.path,
        home.configuration,
        wanted or Wanted(),
        access,
        SystemClock(),
        progress,
    )


def interrupted(home: Home, after: int) -> None:
    def progress(done: int, total: int) -> None:
        assert total == KEYS + API_KEYS
        if done >= after:
            raise Interrupted

    with pytest.raises(Interrupted):
        rotate(home, progress=progress)


def test_progress_is_told_and_the_whole_is_done(filled: Home) -> None:
    told: list[tuple[int, int]] = []
    done = rotate(filled, progress=lambda *said: told.append(said))
    assert told[0] == (2, 10)
    assert told[-1] == (10, 10)
    assert check(filled.path, KEYS, API_KEYS) == done.new
    assert not (filled.path / "kek.rotation").exists()


@pytest.mark.parametrize("after", [2, 6, 8, 10])
def test_s22_nothing_serves_until_it_went_on(filled: Home, after: int) -> None:
    interrupted(filled, after)
    with pytest.raises(CustodyRefused, match="a rotation of the KEK was interrupted"):
        check(filled.path, KEYS, API_KEYS)
    seen = look(settings_of(filled.path), SystemClock(), KekAccess())
    assert seen.rotation == "moving"
    assert len(seen.tally.named) == (1 if after >= KEYS else 2)
    done = rotate(filled)
    assert check(filled.path, KEYS, API_KEYS) == done.new != seen.kek_id


def test_without_its_plan_or_with_other_keks_it_does_not_go_on(filled: Home) -> None:
    interrupted(filled, 4)
    plan = filled.path / "kek.rotation"
    content = plan.read_bytes()
    plan.unlink()
    with pytest.raises(CustodyRefused, match=r"kek\.rotation is not there"):
        rotate(filled)
    plan.write_bytes(content)
    plan.chmod(0o600)
    draft = filled.kek.with_name("kek.new")
    kept = draft.read_bytes()
    draft.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(CustodyRefused, match="the rotation goes from the KEK"):
        rotate(filled)
    draft.unlink()
    with pytest.raises(KekFileError, match="No such file"):
        rotate(filled)
    draft.write_bytes(kept)
    draft.chmod(0o600)
    rotate(filled)
    check(filled.path, KEYS, API_KEYS)


def test_a_commit_that_failed_at_the_end_is_made_again(
    filled: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Rekeying.end, []

    def fail(self: Rekeying, connection: object) -> None:
        calls.append(connection)
        raise Interrupted

    monkeypatch.setattr(Rekeying, "end", fail)
    with pytest.raises(Interrupted):
        rotate(filled)
    assert len(calls) == 1
    with pytest.raises(CustodyRefused, match="was interrupted"):
        check(filled.path, KEYS, API_KEYS)
    monkeypatch.setattr(Rekeying, "end", real)
    done = rotate(filled)
    assert done.place.path == filled.kek
    assert check(filled.path, KEYS, API_KEYS) == done.new


def test_what_cannot_be_recorded_is_not_begun(filled: Home) -> None:
    before = filled.kek.read_bytes()
    filled.path.joinpath("audit").rename(filled.path / "elsewhere")
    with pytest.raises(AuditRefused):
        rotate(filled)
    assert filled.kek.read_bytes() == before
    assert sorted(path.name for path in filled.path.glob("kek*")) == ["kek"]
    (filled.path / "elsewhere").rename(filled.path / "audit")
    check(filled.path, KEYS, API_KEYS)


def test_to_a_credential_and_back(filled: Home) -> None:
    from signward_server.home.parts import write_kek

    write_kek(filled.path / "by-systemd")
    (filled.path / "by-systemd").chmod(0o400)
    with pytest.raises(ConfigurationRefused, match="nobody says which"):
        rotate(filled, Wanted(kind="credential"))
    done = rotate(filled, Wanted(credential="by-systemd"))
    assert done.place.kind == "credential"
    systemd = KekAccess(environment={"CREDENTIALS_DIRECTORY": str(filled.path)})
    assert check(filled.path, KEYS, API_KEYS, systemd) == done.new
    access = RotationAccess(old=systemd, new=systemd)
    settings, file = settings_of(filled.path), filled.configuration

    def again(wanted: Wanted) -> Rotated:
        return rotate_kek(settings, filled.path, file, wanted, access, SystemClock(), nothing)

    with pytest.raises(CustodyRefused, match="the new KEK is the old one"):
        again(Wanted(credential="by-systemd"))
    back = again(Wanted(kind="file"))
    assert (back.aside, back.place.path) == (None, filled.kek)
    assert check(filled.path, KEYS, API_KEYS) == back.new


def test_a_folder_that_cannot_be_written_is_said(
    filled: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from signward_server.wiring import kek_rotation

    def fail(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device", "kek")

    monkeypatch.setattr(kek_rotation, "switch", fail)
    with pytest.raises(CustodyRefused, match=r"kek cannot be written \(No space left"):
        rotate(filled)
    monkeypatch.undo()
    rotate(filled)
    check(filled.path, KEYS, API_KEYS)

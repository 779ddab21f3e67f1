"""Rotates the KEK of a home, and ends with SIGKILL at a step that is told.

A step is a commit, just before and just after it, and each name of a file that is made,
changed or removed. Every round runs in a child of this process, which holds no keys itself.

Arguments: a home to copy, where to copy it to, how many keys and API keys it has, which steps
(``FIRST:STEP``), and where the KEK goes to.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from signward_server.core.clock import SystemClock
from signward_server.core.startup import CustodyRefused
from signward_server.home.kek_access import KekAccess
from signward_server.store import batch
from signward_server.wiring.kek_rotation import Rotated, Wanted, rotate_kek
from signward_server.wiring.rotation_parts import RotationAccess
from sqlalchemy import Engine, event

from tests.running.rekeyed import check, settings_of

AT_ONCE = 16
NAMES = ("os.rename", "os.link", "os.remove")
PASSPHRASE = b"of the rounds of rotations\n"


class Steps:
    """Counts steps; ends the process at one of them."""

    def __init__(self, last: int) -> None:
        self._left = last
        sys.addaudithook(self._audited)
        event.listen(Engine, "commit", self._step)
        event.listen(Engine, "begin", self._step)

    def _audited(self, name: str, arguments: tuple[object, ...]) -> None:
        if name in NAMES or (name == "open" and self._writes(arguments)):
            self._step()

    def _writes(self, arguments: tuple[object, ...]) -> bool:
        flags = arguments[2]
        return isinstance(flags, int) and bool(flags & (os.O_CREAT | os.O_TRUNC))

    def _step(self, *_: object) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def passphrase() -> int:
    reader, writer = os.pipe()
    os.write(writer, PASSPHRASE)
    os.close(writer)
    return reader


def access(kind: str) -> RotationAccess:
    new = KekAccess(passphrase=passphrase() if kind == "passphrase" else None)
    return RotationAccess(old=KekAccess(), new=new)


def rotate(home: Path, kind: str) -> Rotated:
    wanted = Wanted(kind="passphrase" if kind == "passphrase" else None)
    file = home / "signward.toml"
    return rotate_kek(
        settings_of(home), home, file, wanted, access(kind), SystemClock(), lambda *_: None
    )


def killed(home: Path, kind: str, step: int) -> None:
    batch._MOST = AT_ONCE
    Steps(step)
    rotate(home, kind)


def resumed(home: Path, kind: str, keys: int, api_keys: int) -> None:
    """See that the home is as before, as afterwards, or refuses; go on; see again."""
    batch._MOST = AT_ONCE
    after = KekAccess(passphrase=passphrase()) if kind == "passphrase" else KekAccess()
    switched = settings_of(home).custody.envelope.kek_source == kind
    try:
        before = check(home, keys, api_keys, after if switched else KekAccess())
    except CustodyRefused as exc:
        assert "run `signward kek rotate` again" in str(exc), exc  # noqa: PT017 - a child process
    else:
        retired = [*home.glob("kek.retired-*")]
        if retired:  # it was done: only the answer was missing
            assert retired[0].name != f"kek.retired-{before.hex()}"
            return
    done = rotate(home, kind)
    assert (done.damaged, done.named) == ((), 0)
    last = KekAccess(passphrase=passphrase()) if kind == "passphrase" else KekAccess()
    assert check(home, keys, api_keys, last) == done.new
    assert sorted(path.name for path in home.glob("kek*")) == sorted(
        [settings_of(home).custody.envelope.kek.name, f"kek.retired-{done.old.hex()}"]
    )


def child(work: Callable[[], None]) -> int:
    """Run something in a child; return how it ended, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - told, and the child ends whatever it was
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def main(source: str, target: str, keys: str, api_keys: str, steps: str, kind: str) -> None:
    first, step = map(int, steps.split(":"))
    home, rounds = Path(target), 0
    for number in range(first, 10_000, step):
        shutil.copytree(source, home)
        code = child(lambda number=number: killed(home, kind, number))  # type: ignore[misc]
        assert code in (0, -signal.SIGKILL), (number, code)
        if child(lambda: resumed(home, kind, int(keys), int(api_keys))) != 0:
            raise SystemExit(f"killed at step {number}, it did not go on")
        rounds += 1
        shutil.rmtree(home)
        if code == 0:
            break
    sys.stdout.write(json.dumps({"rounds": rounds, "steps": number}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

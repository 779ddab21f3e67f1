"""The life of a daemon around its parts: lock, addresses, ready line, signals, end."""

import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
import structlog
from signward_server.cli.serving import run
from signward_server.config import ConfigurationError, load
from signward_server.core.startup import AddressInUse, HomeLocked, StoreRefused
from signward_server.home.layout import Home
from signward_server.home.lock import FileLock
from signward_server.telemetry.logging import flush_logging
from signward_server.wiring import Bound, SettingsSource


class FakeDaemon:
    """Records what happens to it, and in which surroundings."""

    def __init__(self, settings, *, start_error=None) -> None:
        self.settings = settings
        self.events: list[object] = []
        self._start_error = start_error

    def start(self) -> Bound:
        self.events.append("start")
        if self._start_error is not None:
            raise self._start_error
        unix = self.settings.listen.unix
        return Bound(tcp="127.0.0.1:1", unix=unix, http=None, api_keys="127.0.0.1:2")

    def reload(self) -> None:
        self.events.append("reload")

    def stop(self, grace: float) -> None:
        with pytest.raises(HomeLocked), Home(self.settings.store.path.parents[1]).lock():
            pass
        self.events.append(("stop", grace))


@pytest.fixture(autouse=True)
def quiet():
    """Leaves logging and hooks as they were."""
    root = logging.getLogger()
    handlers, level, hooks = list(root.handlers), root.level, (sys.excepthook, threading.excepthook)
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    for handler in set(root.handlers) - set(handlers):
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("signward_server").setLevel(logging.NOTSET)
    sys.excepthook, threading.excepthook = hooks


def settings(home: Path, *flags: str):
    return load(home / "signward.toml", environment={}, flags=flags)


def serve(loaded, home: Path, put_together) -> None:
    """Run with a source that leads back to the same settings."""
    source = SettingsSource(lambda: loaded, home / "signward.toml")

    def build(given, came_from) -> FakeDaemon:
        assert came_from is source
        return put_together(given)

    run(loaded, source, home, build)


def run_until(number: int, home: Path, *flags: str) -> FakeDaemon:
    daemons: list[FakeDaemon] = []

    def build(loaded) -> FakeDaemon:
        daemons.append(FakeDaemon(loaded))
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
        return daemons[0]

    serve(settings(home, *flags), home, build)
    flush_logging()
    return daemons[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_ends_cleanly(home, capsys, number):
    before = signal.getsignal(number)
    daemon = run_until(number, home, "shutdown.grace=250ms")
    assert daemon.events == ["start", ("stop", 0.25)]
    assert signal.getsignal(number) is before
    assert signal.set_wakeup_fd(-1) == -1
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "ready": True,
            "tcp": "127.0.0.1:1",
            "unix": str(home / "run/signward.sock"),
            "api_keys": "127.0.0.1:2",
            "http": None,
        }
    ]
    assert [json.loads(line)["event"] for line in err.splitlines()] == [
        "serving",
        "stopping",
        "stopped",
    ]
    with Home(home).lock():
        pass


def test_sighup_reads_again_and_goes_on(home):
    before = signal.getsignal(signal.SIGHUP)
    daemon = FakeDaemon(settings(home))
    reloaded = daemon.reload

    def reload() -> None:
        reloaded()
        again = signal.SIGHUP if daemon.events.count("reload") == 1 else signal.SIGTERM
        os.kill(os.getpid(), again)

    def build(_settings) -> FakeDaemon:
        daemon.reload = reload
        os.kill(os.getpid(), signal.SIGHUP)
        return daemon

    serve(daemon.settings, home, build)
    assert daemon.events == ["start", "reload", "reload", ("stop", 10.0)]
    assert signal.getsignal(signal.SIGHUP) is before


def test_a_signal_that_another_thread_gets_is_not_missed(home):
    daemon = FakeDaemon(settings(home))

    def sleeper() -> None:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        time.sleep(0.2)

    thread = threading.Thread(target=sleeper)

    def build(_settings) -> FakeDaemon:
        thread.start()
        return daemon

    serve(daemon.settings, home, build)
    thread.join(10)
    assert daemon.events == ["start", ("stop", 10.0)]


def test_a_signal_during_the_start_ends_it_afterwards(home):
    daemon = FakeDaemon(settings(home))

    def build(_settings) -> FakeDaemon:
        os.kill(os.getpid(), signal.SIGTERM)
        return daemon

    serve(daemon.settings, home, build)
    assert daemon.events == ["start", ("stop", 10.0)]


def never(_settings):
    pytest.fail("nothing may be opened")


def test_s41_a_locked_home_opens_nothing(home):
    with Home(home).lock(), pytest.raises(HomeLocked):
        serve(settings(home), home, never)


def test_s41_a_port_in_use_opens_nothing(home):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        for key in ("tcp", "api_keys", "http"):
            with pytest.raises(AddressInUse, match=rf"listen\.{key}: {where}"):
                serve(settings(home, f"listen.{key}={where}"), home, never)


def test_s41_a_living_socket_opens_nothing_and_stays(home):
    path = home / "run/signward.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(AddressInUse, match="another process listens"):
            serve(settings(home), home, never)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_s41_two_homes_do_not_share_a_socket(home):
    path = home / "run/signward.sock"
    with FileLock(path.with_name("signward.sock.lock"), "it"), pytest.raises(HomeLocked) as caught:
        serve(settings(home), home, never)
    assert f"the socket {path} is in use by process {os.getpid()}" in str(caught.value)


def test_s41_a_stale_socket_makes_way(home):
    path = home / "run/signward.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    run_until(signal.SIGTERM, home)
    assert not path.exists()


def test_the_machine_is_checked_first(home):
    (home / "tls/server.key").unlink()
    with pytest.raises(ConfigurationError, match=r"server\.key cannot be read"):
        serve(settings(home), home, never)
    assert not (home / "lock").exists()


def test_a_daemon_that_does_not_start_leaves_no_lock(home, capsys):
    daemon = FakeDaemon(settings(home), start_error=StoreRefused("no", "disk"))
    with pytest.raises(StoreRefused):
        serve(daemon.settings, home, lambda _: daemon)
    assert daemon.events == ["start"]
    assert capsys.readouterr().out == ""
    with Home(home).lock():
        pass

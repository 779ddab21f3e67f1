"""``signward serve`` as a process, with all of its parts."""

import http.client
import json
import os
import select
import signal
import socket
import ssl
import stat
from pathlib import Path

import pytest
from signward import Client
from signward.credentials import Credentials
from signward.v1 import resources_pb2 as resources
from signward_server.home.parts import write_kek

pytestmark = pytest.mark.integration


def ready(process) -> dict:
    assert select.select([process.stdout], [], [], 30)[0], "no ready line within 30 s"
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)


def probe(address: str, path: str) -> int:
    connection = http.client.HTTPConnection(address, timeout=5)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def logged(process, event: str) -> dict:
    """Wait for the next record of an event; all before it have been read then."""
    records = map(json.loads, process.stderr)
    return next(record for record in records if record["event"] == event)


def ended(process, code: int) -> str:
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, ""), err
    assert "Traceback" not in err
    return err


def test_it_is_ready_then_ends_with_zero(home, start):
    process = start("serve", "--home", home)
    bound = ready(process)
    assert probe(bound["http"], "/livez") == 200
    assert probe(bound["http"], "/readyz") == 200
    host, port = bound["tcp"].split(":")
    socket.create_connection((host, int(port)), timeout=5).close()
    assert stat.S_IMODE(Path(bound["unix"]).stat().st_mode) == 0o660
    assert stat.S_IMODE(Path(bound["unix"]).parent.stat().st_mode) == 0o750

    second = start("serve", "--home", home)
    assert f"in use by process {process.pid}" in ended(second, 3)

    process.send_signal(signal.SIGTERM)
    ended(process, 0)
    assert not Path(bound["unix"]).exists()
    assert (home / "lock").read_text() == ""


def test_s20_the_running_daemon_has_no_core_and_cannot_be_dumped(home, start):
    process = start("serve", "--home", home, "--unix", "", "--log-level", "error")
    bound = ready(process)
    assert bound["unix"] is None
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    (core,) = [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core")]
    assert core == ["0", "0"]
    # proc(5): the files of a process that is not dumpable belong to root.
    assert Path(f"/proc/{process.pid}/environ").stat().st_uid == 0
    process.send_signal(signal.SIGINT)
    assert ended(process, 0) == ""


def test_s20_spied_on_it_serves_only_in_development(home, start):
    refused = start("serve", "--home", home, SSLKEYLOGFILE=os.devnull, GRPC_TRACE="none")
    assert [line.split(" is set")[0] for line in ended(refused, 2).splitlines()] == [
        "signward: environment variable SSLKEYLOGFILE",
        "signward: environment variable GRPC_TRACE",
    ]
    process = start("serve", "--home", home, "--development", SSLKEYLOGFILE=os.devnull)
    assert ready(process)["ready"]
    process.send_signal(signal.SIGTERM)
    ended(process, 0)


def test_after_kill_it_starts_again_at_once(home, start):
    process = start("serve", "--home", home)
    path = Path(ready(process)["unix"])
    process.kill()
    process.communicate(timeout=30)
    assert path.exists()
    again = start("serve", "--home", home)
    assert ready(again)["unix"] == str(path)
    again.send_signal(signal.SIGTERM)
    ended(again, 0)


@pytest.mark.parametrize(
    ("spoil", "code", "text"),
    [
        (lambda home: (home / "signward.toml").write_text("x = 1"), 2, "x is not a known key"),
        (lambda home: (home / "tls/server.crt").unlink(), 2, "tls/server.crt cannot be read"),
        (lambda home: (home / "kek").chmod(0o644), 4, "chmod 600"),
        (lambda home: (home / "kek").unlink(), 4, "kek"),
        (lambda home: (home / "store/signward.db").write_bytes(b"x" * 9999), 5, "signward.db"),
        (lambda home: (home / "store/signward.db").chmod(0o644), 5, "chmod 600"),
    ],
)
def test_what_is_spoiled_is_one_line_with_its_exit_code(home, start, spoil, code, text):
    spoil(home)
    err = ended(start("serve", "--home", home), code)
    assert text in err
    assert err.count("\n") == 1


def test_addresses_that_are_none_are_refused(home, start):
    options = ["--tcp", "192.0.2.7", "--http", "[::]"]
    err = ended(start("serve", "--home", home, *options), 2)
    assert [line.split(";")[0] for line in err.splitlines()] == [
        "signward: flag --set listen.tcp: listen.tcp is not HOST:PORT",
        "signward: flag --set listen.http: listen.http is not HOST:PORT",
    ]


def test_without_a_policy_it_does_not_start(home, start):
    (home / "policies/starter.cedar").unlink()
    err = ended(start("serve", "--home", home), 2)
    assert err == (
        f"signward: {home}/policies holds no file that ends in .cedar; "
        "run `signward policy init`, or set policy.folder to a folder of policies\n"
    )


def test_callers_with_api_keys_have_a_listener_of_their_own(home, start):
    process = start("serve", "--home", home, "--set", "listen.api_keys=127.0.0.1:0")
    bound = ready(process)
    assert bound["api_keys"] not in (None, bound["tcp"])
    for address in (bound["tcp"], bound["api_keys"]):
        host, port = address.split(":")
        assert "CERTIFICATE" in ssl.get_server_certificate((host, int(port)), timeout=5)
    process.send_signal(signal.SIGTERM)
    ended(process, 0)


def test_sighup_reads_the_groups_again_and_a_bad_file_keeps_them(home, start):
    process = start("serve", "--home", home)
    ready(process)
    configuration = home / "signward.toml"
    good = configuration.read_text()
    configuration.write_text(good.replace('admins = ["cn:admin"]', 'admins = ["cn:operator"]'))
    process.send_signal(signal.SIGHUP)
    assert logged(process, "reloaded")["part"] == "groups"
    configuration.write_text("x = 1")
    process.send_signal(signal.SIGHUP)
    assert "x is not a known key" in logged(process, "reload refused")["problem"]
    process.send_signal(signal.SIGTERM)
    ended(process, 0)


def test_a_home_that_is_none_says_what_to_do(tmp_path, start):
    err = ended(start("serve", "--home", tmp_path), 2)
    assert err.endswith("run `signward init DIR`, or name the file with --config\n")


def test_another_kek_is_refused_and_the_right_one_taken_again(home, start, tmp_path):
    process = start("serve", "--home", home)
    target = ready(process)["tcp"]
    with Client(target, credentials(home, "admin")) as client:
        client.create_key(
            "k",
            algorithm=resources.ALGORITHM_ED25519,
            purpose=resources.PURPOSE_RAW,
            custody=resources.CUSTODY_ENVELOPE,
            owner="cn:bot",
        )
    process.send_signal(signal.SIGTERM)
    ended(process, 0)

    (home / "kek").rename(tmp_path / "right")
    write_kek(home / "kek")
    err = ended(start("serve", "--home", home), 4)
    assert err.startswith(
        "signward: the keys of the store are sealed under another KEK than the one in "
        "custody.envelope.kek: under "
    )
    assert "; put the KEK of this store back; one that was retired" in err

    (tmp_path / "right").replace(home / "kek")
    again = start("serve", "--home", home)
    with Client(ready(again)["tcp"], credentials(home, "bot")) as client:
        assert client.sign_raw("k", b"message").version == 1
    again.send_signal(signal.SIGTERM)
    ended(again, 0)


def credentials(home: Path, name: str) -> Credentials:
    files = home / "clients"
    return Credentials.from_files(files / "ca.crt", files / f"{name}.crt", files / f"{name}.key")


def test_a_configuration_that_others_can_write_to_is_refused(home, start):
    (home / "signward.toml").chmod(0o664)
    err = ended(start("serve", "--home", home), 2)
    assert "signward.toml has mode 0664, so that others can change it; run: chmod go-w" in err

"""A client connects anew when the files of its credentials change, and no call fails."""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
import weakref
from datetime import timedelta

import grpc
import pytest
from signward import (
    Client,
    Credentials,
    CredentialsError,
    credential_files,
    errors,
    raw_request,
)
from signward.connection import Connection
from signward.renewal import Renewal

from tests.fakes.certificates import Authority
from tests.fakes.daemon import FakeDaemon
from tests.fakes.statuses import status
from tests.unit.client.renewing import Folder, attentive, soon

SECOND = timedelta(seconds=1)
REFUSED = status("UNAUTHENTICATED", "CERTIFICATE_REVOKED", "The certificate is revoked.")
ENOUGH = 50  # refusals, more than there are attempts


@pytest.fixture
def folder(tmp_path, authority):
    folder = Folder(tmp_path, authority)
    folder.renew("first")
    return folder


@pytest.fixture
def key(daemon):
    daemon.add_key("k")
    return daemon


@pytest.fixture
def stranger(tmp_path):
    """A pair of an authority that no daemon here knows."""
    (tmp_path / "other").mkdir()
    authority = Authority(tmp_path / "other", "stranger")
    return authority.issue("mallory", *FakeDaemon.server_names())


@pytest.fixture
def bot(key, folder):
    with attentive(key.target, folder.credentials()) as client:
        yield client


def callers(daemon, method="Sign"):
    """Return who called a method, in order, each once in a row."""
    found = []
    for seen in list(daemon.seen):
        if seen.method == method and found[-1:] != [seen.caller]:
            found.append(seen.caller)
    return found


def sign(client):
    return lambda: client.sign_raw("k", b"m")


def test_new_files_are_used_and_no_call_fails(key, folder, bot):
    bot.busy(sign(bot), threads=3)
    for name in ("second", "third"):
        known = bot.reconnections
        folder.renew(name)
        assert soon(lambda known=known: bot.reconnections > known)
        assert soon(lambda name=name: callers(key)[-1:] == [name])
    bot.rest()
    assert bot.failures == []
    assert set(callers(key)) == {"first", "second", "third"}
    assert len({seen.peer for seen in key.seen if seen.method == "Sign"}) == 3


def test_files_that_stay_are_not_read_again(bot, folder, monkeypatch):
    sign(bot)()
    monkeypatch.setattr(Credentials, "read_again", lambda _self: pytest.fail("was read"))
    for _ in range(5):
        time.sleep(0.02)
        sign(bot)()
    assert bot.reconnections == 0


def test_the_same_content_in_other_files_changes_nothing(bot, folder):
    sign(bot)()
    for path in (folder.ca, folder.certificate, folder.private_key):
        folder.put(path, path.read_bytes())
    known = bot._renewal.current.credentials.files.seen
    bot.busy(sign(bot))
    assert soon(lambda: bot._renewal.current.credentials.files.seen != known)
    assert bot.reconnections == 0


def test_a_change_within_a_tick_of_the_clock_is_seen(key, folder, monkeypatch):
    """Two states that look alike, as of a file that is written twice within milliseconds."""
    state, read, real = ["before"], [], Credentials.read_again

    def read_again(credentials):
        fresh = real(credentials)
        read.append(fresh)
        if len(read) == 1:
            folder.renew("second")  # which cannot be seen from outside
        return fresh

    monkeypatch.setattr(credential_files, "_state", lambda _path: state[0])
    monkeypatch.setattr(Credentials, "read_again", read_again)
    with attentive(key.target, folder.credentials()) as client:
        sign(client)()
        state[0] = "after"
        client.busy(sign(client))
        assert soon(lambda: client.reconnections == 1)
        time.sleep(0.1)
    assert len(read) == 2


def test_half_a_pair_keeps_the_old_one_until_it_is_whole(key, folder, bot, caplog):
    fresh = folder.issue("second")
    bot.busy(sign(bot))
    with caplog.at_level(logging.WARNING, "signward"):
        folder.put(folder.certificate, fresh.certificate.read_bytes())
        assert soon(lambda: "does not belong to client certificate" in caplog.text)
        time.sleep(0.1)
    assert len(caplog.records) == 1
    assert bot.reconnections == 0
    folder.put(folder.private_key, fresh.private_key.read_bytes())
    assert soon(lambda: callers(key)[-1:] == ["second"])
    bot.rest()
    assert bot.failures == []


@pytest.mark.parametrize("name", ["ca", "certificate", "private_key"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nAAAA"])
def test_a_file_that_is_not_there_or_cut_keeps_the_old_ones(key, folder, bot, name, content):
    path = getattr(folder, name)
    whole = path.read_bytes()
    bot.busy(sign(bot))
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    time.sleep(0.1)
    assert bot.reconnections == 0
    folder.put(path, whole)
    folder.renew("second")
    assert soon(lambda: callers(key)[-1:] == ["second"])
    bot.rest()
    assert bot.failures == []


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ({"start": -60 * SECOND, "end": -SECOND}, "has expired"),
        ({"start": 60 * SECOND}, "is not valid yet"),
    ],
)
def test_a_certificate_out_of_its_time_is_not_taken(key, folder, bot, caplog, times, problem):
    bot.busy(sign(bot))
    folder.renew("second", **times)
    assert soon(lambda: problem in caplog.text)
    folder.renew("third")
    assert soon(lambda: callers(key)[-1:] == ["third"])
    bot.rest()
    assert bot.failures == []
    assert callers(key) == ["first", "third"]


def test_a_pair_that_no_handshake_succeeds_with_keeps_the_old_one(
    key, folder, bot, stranger, monkeypatch, caplog
):
    monkeypatch.setattr("signward.renewal._PATIENCE", 0.3)
    bot.busy(sign(bot))
    folder.take(stranger)
    assert soon(lambda: "the old credentials stay in use" in caplog.text)
    folder.renew("second")
    assert soon(lambda: callers(key)[-1:] == ["second"])
    bot.rest()
    assert bot.failures == []


def test_a_pair_that_the_daemon_refuses_keeps_the_old_one(key, folder, bot, caplog):
    key.plan("Check", REFUSED, REFUSED)
    bot.busy(sign(bot))
    folder.renew("second")
    assert soon(lambda: callers(key)[-1:] == ["second"])
    bot.rest()
    assert bot.failures == []
    assert callers(key, "Check") == ["second"]
    assert caplog.text.count("CERTIFICATE_REVOKED") == 1


def test_any_other_answer_shows_that_the_pair_is_taken(key, folder, bot):
    key.plan("Check", status("PERMISSION_DENIED", "POLICY_DENIED", "No policy permits this."))
    bot.busy(sign(bot))
    folder.renew("second")
    assert soon(lambda: callers(key)[-1:] == ["second"])
    assert len(key.calls("Check")) == 1


def test_after_silence_every_call_waits_for_the_new_connection(key, folder):
    with attentive(key.target, folder.credentials(), interval=0.1) as client:
        sign(client)()
        time.sleep(0.4)
        folder.renew("second")
        client.busy(sign(client), threads=4)
        assert soon(lambda: len(key.calls("Sign")) > 5)
        client.rest()
        assert client.failures == []
    assert [seen.caller for seen in key.seen if seen.method == "Sign"][1:].count("first") == 0


def test_a_certificate_that_runs_out_is_left_in_time(key, folder):
    folder.renew("brief", end=5 * SECOND)
    with attentive(key.target, folder.credentials()) as client:
        sign(client)()
        folder.renew("second")
        time.sleep(0.02)
        sign(client)()
    assert callers(key) == ["brief", "second"]


def test_when_the_old_one_has_run_out_the_new_one_is_used_even_if_refused(key, folder):
    folder.renew("brief", end=5 * SECOND)
    key.plan("Check", *[REFUSED] * ENOUGH)
    with attentive(key.target, folder.credentials()) as client:
        sign(client)()
        folder.renew("second")
        time.sleep(0.02)
        sign(client)()
    assert callers(key) == ["brief", "second"]


def test_a_call_waits_a_while_and_no_longer(key, folder, monkeypatch):
    go_on, real = threading.Event(), Connection.try_out

    def try_out(connection, timeout):
        go_on.wait(10)
        real(connection, timeout)

    monkeypatch.setattr("signward.renewal._WAIT", 0.2)
    monkeypatch.setattr(Connection, "try_out", try_out)
    with attentive(key.target, folder.credentials(), interval=0.05) as client:
        sign(client)()
        time.sleep(0.2)
        folder.renew("second")
        start = time.monotonic()
        sign(client)()
        assert 0.15 < time.monotonic() - start < 3
        assert client._renewal._thread is not None
        go_on.set()
        assert soon(lambda: client.reconnections == 1)
    assert callers(key) == ["first"]


def test_a_new_api_key_is_used(open_daemon, authority, tmp_path):
    open_daemon.add_key("k")
    secret = tmp_path / "desk.secret"
    secret.write_text("first\n")
    credentials = Credentials.from_files(authority.ca, api_key_file=secret)
    with attentive(open_daemon.target, credentials) as client:
        client.busy(sign(client))
        secret.write_text("second\n")
        assert soon(
            lambda: (
                open_daemon.seen[-1:] and open_daemon.seen[-1].authorization == ("Bearer second",)
            )
        )
        client.rest()
        assert client.failures == []


def test_a_certificate_beside_an_api_key_is_renewed(key, folder):
    credentials = folder.credentials(api_key="given")
    with attentive(key.target, credentials) as client:
        client.busy(sign(client))
        folder.renew("second")
        assert soon(lambda: callers(key)[-1:] == ["second"])
    assert {seen.authorization for seen in key.seen} == {("Bearer given",)}


def test_over_a_unix_socket_too(socket_daemon, folder):
    socket_daemon.add_key("k")
    with attentive(socket_daemon.target, folder.credentials()) as client:
        client.busy(sign(client))
        folder.renew("second")
        assert soon(lambda: callers(socket_daemon)[-1:] == ["second"])
        client.rest()
        assert client.failures == []


def test_relative_paths_outlive_a_change_of_folder(key, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    credentials = Credentials.from_files("ca.crt", "bot.crt", "bot.key")
    monkeypatch.chdir("/")
    with attentive(key.target, credentials) as client:
        folder.renew("second")
        client.busy(sign(client))
        assert soon(lambda: callers(key)[-1:] == ["second"])


def test_calls_that_run_end_over_the_old_connection_which_then_closes(key, folder, bot):
    old = weakref.ref(bot._renewal.current)
    key.gate = threading.Event()
    health = bot.channel.unary_unary("/grpc.health.v1.Health/Check")
    running = [
        bot.channel.unary_unary(
            "/signward.v1.SignService/Sign", request_serializer=lambda m: m.SerializeToString()
        ).future(raw_request("k", b"m"), timeout=10)
        for _ in range(3)
    ]
    assert soon(lambda: len(key.calls("Sign")) == 3)
    bot.reconnect()
    assert health(b"", timeout=5)
    assert not any(call.done() for call in running)
    assert old() is not None
    key.gate.set()
    assert all(call.result(5) for call in running)
    del running
    assert soon(lambda: old() is None)
    assert soon(lambda: "signward-closing" not in {t.name for t in threading.enumerate()})


def test_an_old_connection_is_not_kept_for_ever(key, bot, monkeypatch):
    key.gate = threading.Event()
    call = bot.channel.stream_stream("/signward.v1.SignService/SignStream")
    stream = call(iter([b""]), timeout=20)
    assert soon(lambda: callers(key, "SignStream"))
    bot.reconnect()
    monkeypatch.setattr("signward.renewal._LONGEST", 0.0)
    bot.busy(bot.health)
    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    assert caught.value.code() is grpc.StatusCode.CANCELLED
    key.gate.set()


def test_reconnect_takes_what_the_files_hold(key, folder, credentials):
    with Client(key.target, folder.credentials()) as client:
        folder.renew("second")
        client.reconnect()
        sign(client)()
        client.reconnect(credentials)
        sign(client)()
        assert client.reconnections == 2
        folder.renew("third")
        client.reconnect()
        sign(client)()
    assert callers(key) == ["second", "bot"]


def test_reconnect_says_what_is_wrong_and_changes_nothing(key, folder, credentials):
    with Client(key.target, folder.credentials()) as client:
        folder.certificate.unlink()
        with pytest.raises(CredentialsError, match="does not exist"):
            client.reconnect()
        folder.renew("old", start=-60 * SECOND, end=-SECOND)
        with pytest.raises(CredentialsError, match="has expired"):
            client.reconnect()
        with pytest.raises(errors.DeadlineExceeded):
            client.reconnect(Credentials(client_ca_of(folder), api_key="s"), timeout=0.3)
        key.plan("Check", REFUSED)
        with pytest.raises(errors.Unauthenticated, match="CERTIFICATE_REVOKED"):
            client.reconnect(credentials)
        malformed = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
        with pytest.raises(CredentialsError, match="is malformed"):
            client.reconnect(Credentials(credentials.ca, malformed, b"key"))
        assert client.reconnections == 0
        sign(client)()
    assert callers(key) == ["first"]


def client_ca_of(folder: Folder) -> bytes:
    return folder.ca.read_bytes()


def test_a_closed_client_stays_closed(key, folder):
    client = attentive(key.target, folder.credentials())
    sign(client)()
    client.close()
    folder.renew("second")
    time.sleep(0.05)
    with pytest.raises(ValueError, match="closed"):
        sign(client)()
    client.reconnect()
    assert client.reconnections == 0
    with pytest.raises(ValueError, match="closed"):
        sign(client)()


def test_who_watches_the_connection_sees_the_new_one(key, bot):
    states = []
    bot.channel.subscribe(states.append, try_to_connect=True)
    assert soon(lambda: grpc.ChannelConnectivity.READY in states)
    states.clear()
    bot.reconnect()
    assert soon(lambda: grpc.ChannelConnectivity.READY in states)
    bot.channel.unsubscribe(states.append)
    bot.channel.unsubscribe(print)
    states.clear()
    bot.reconnect()
    time.sleep(0.1)
    assert len(states) <= 1  # one may have been under way


def test_every_kind_of_method_goes_over_the_new_connection(key, bot):
    channel = bot.channel
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    kinds = [
        lambda: check(b"", 5),
        lambda: check.with_call(b"", 5),
        lambda: check.future(b"", 5).result(5),
        lambda: list(channel.unary_stream("/grpc.health.v1.Health/Check")(b"", 5)),
        lambda: channel.stream_unary("/grpc.health.v1.Health/Check")(iter([b""]), 5),
        lambda: list(channel.stream_stream("/grpc.health.v1.Health/Check")(iter([b""]), 5)),
    ]
    for call in kinds:
        call()
        bot.reconnect()
        call()
    peers = [seen.peer for seen in key.seen]
    assert len(set(peers)) == len(kinds) + 1


def test_interceptors_of_others_work_on_the_channel(key, bot):
    class Count(grpc.UnaryUnaryClientInterceptor):
        calls = 0

        def intercept_unary_unary(self, continuation, details, request):
            self.calls += 1
            return continuation(details, request)

    count = Count()
    channel = grpc.intercept_channel(bot.channel, count)
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    assert check(b"", timeout=5)
    bot.reconnect()
    assert check(b"", timeout=5)
    assert count.calls == 2


def test_many_threads_over_many_connections_leave_nothing_behind(key, bot):
    def stream() -> None:
        with bot.stream() as opened:
            assert opened.sign(raw_request("k", b"m")).version == 1

    bot.busy(sign(bot), threads=2)
    bot.busy(stream, threads=2)
    for _ in range(30):
        bot.reconnect()
    bot.rest()
    assert bot.failures == []
    gc.collect()
    assert soon(lambda: not bot._renewal._old)


def test_without_a_thread_to_be_had_calls_go_on_and_it_is_tried_again(
    key, folder, monkeypatch, caplog
):
    real, refused = threading.Thread.start, []

    def start(thread):
        if thread.name == "signward-renewal":
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        real(thread)

    with attentive(key.target, folder.credentials()) as client:
        sign(client)()
        monkeypatch.setattr(threading.Thread, "start", start)
        folder.renew("second")
        client.busy(sign(client))
        assert soon(lambda: len(refused) > 2)
        assert client.reconnections == 0
        monkeypatch.undo()
        assert soon(lambda: callers(key)[-1:] == ["second"])
        client.rest()
        assert client.failures == []
    said = [record.getMessage() for record in caplog.records if record.name == "signward.renewal"]
    assert said == ["the old credentials stay in use: can't start new thread"]


def test_a_process_that_was_forked_while_another_one_renewed_does_so_itself(
    key, folder, monkeypatch
):
    waiting, go_on, real = threading.Event(), threading.Event(), Credentials.read_again

    def read_again(credentials):
        waiting.set()
        go_on.wait(10)
        return real(credentials)

    monkeypatch.setattr(Credentials, "read_again", read_again)
    renewal = Renewal(key.target, folder.credentials(), (), interval=0.0)
    folder.renew("second")
    renewal.connection()
    assert waiting.wait(10)
    with renewal._lock:  # as if another thread was about to look
        pid = os.fork()
        if not pid:
            os._exit(0 if _renews_anew(renewal) else 1)
    go_on.set()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert soon(lambda: renewal.count == 1)
    renewal.close()


def _renews_anew(renewal):
    """Say whether a new thread reads the files, without gRPC, which may not work after a fork."""
    read = threading.Event()
    renewal._read = read.set
    end = time.monotonic() + 10
    while not read.wait(0.01) and time.monotonic() < end:
        look = threading.Thread(target=renewal.connection, daemon=True)
        look.start()
        look.join(5)
    return read.is_set()


def test_without_files_there_is_nothing_to_look_at(key, credentials):
    plain = Credentials(credentials.ca, credentials.certificate, credentials.private_key)
    assert plain.read_again() is plain
    renewal = Renewal(key.target, plain, (), interval=0.0)
    assert renewal.connection() is renewal.connection()
    assert renewal.generation() == 0
    renewal.close()

"""A living listener is never displaced (S41)."""

import socket
import stat

import pytest
from signward_server.config import Endpoint
from signward_server.core.startup import AddressInUse, ExitCode
from signward_server.home.listeners import clear_socket, ensure_free, prepare_folder


def endpoint(port: int, address: str = "127.0.0.1") -> Endpoint:
    return Endpoint(address, address, port)


@pytest.fixture(params=[False, True], ids=["plain", "shared"])
def living(request):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(request.param))
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_s41_a_port_in_use_is_refused(living):
    with pytest.raises(AddressInUse) as caught:
        ensure_free(endpoint(living), "listen.tcp")
    assert caught.value.exit_code is ExitCode.IN_USE
    assert str(caught.value) == (
        f"listen.tcp: 127.0.0.1:{living} cannot be bound (Address already in use); "
        "stop what listens there, or set listen.tcp to another port"
    )


def test_a_free_port_stays_free():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ensure_free(endpoint(port), "listen.tcp")
    ensure_free(endpoint(0), "listen.tcp")
    socket.create_server(("127.0.0.1", port)).close()


def test_connections_that_linger_do_not_count():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        where = listener.getsockname()
        with socket.create_connection(where) as client:
            accepted, _ = listener.accept()
            accepted.close()  # the server closes first: TIME_WAIT is on its side
            assert client.recv(1) == b""
    ensure_free(endpoint(where[1]), "listen.tcp")


def test_s41_a_living_socket_is_never_stolen(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(0)
        with pytest.raises(AddressInUse, match="another process listens on"):
            clear_socket(path)
        # A listener too busy to accept is alive too.
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(str(path))
        with pytest.raises(AddressInUse, match="another process listens on"):
            clear_socket(path)
        for client in waiting:
            client.close()
    assert stat.S_ISSOCK(path.stat().st_mode)


def test_s41_a_stale_socket_is_removed(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
    clear_socket(path)
    assert not path.exists()
    clear_socket(path)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_s41_what_is_no_socket_is_left_alone(tmp_path, kind):
    path = tmp_path / "s"
    {"file": path.touch, "folder": path.mkdir, "link": lambda: path.symlink_to("x")}[kind]()
    with pytest.raises(AddressInUse, match="exists and is no socket"):
        clear_socket(path)
    assert path.is_symlink() or path.exists()


def test_s41_the_folder_of_a_socket_is_made_for_owner_and_group(tmp_path):
    prepare_folder(tmp_path / "run")
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o750
    prepare_folder(tmp_path / "run")


@pytest.mark.parametrize("mode", [0o777, 0o757, 0o770])
def test_s41_a_folder_that_anybody_writes_to_is_refused(tmp_path, mode):
    tmp_path.chmod(mode)
    with pytest.raises(AddressInUse, match="others may replace the socket") as caught:
        prepare_folder(tmp_path)
    assert caught.value.fix == f"run: chmod go-w {tmp_path}"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AddressInUse, match="cannot be used"):
        prepare_folder(tmp_path / "file" / "run")

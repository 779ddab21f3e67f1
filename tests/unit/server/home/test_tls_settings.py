"""Where certificates come from, by the configuration."""

import sys

import pytest
from signward_server.config import ConfigurationError, load
from signward_server.home.tls_settings import certificate_source
from signward_server.rpc.file_source import FileSource
from signward_server.rpc.spiffe_source import SpiffeSource
from signward_server.rpc.tls_files import TlsFileError

SOCKET = "unix:/run/spire/agent.sock"
AGENT = [f"tls.spiffe_socket={SOCKET}", "tls.identity=spiffe", 'tls.revocation=["a.crl"]']


def tls(tmp_path, *flags):
    file = tmp_path / "signward.toml"
    file.write_text("")
    return load(file, environment={}, flags=flags).tls


def test_files_unless_an_agent_is_named(tmp_path):
    source = certificate_source(tls(tmp_path, 'tls.revocation=["a.crl"]'))
    assert isinstance(source, FileSource)
    names = [path.relative_to(tmp_path).as_posix() for path in source.watched()]
    assert names == ["tls/server.crt", "tls/server.key", "a.crl", "tls/client-ca.crt"]


def test_an_agent_and_the_lists_of_files(tmp_path):
    source = certificate_source(tls(tmp_path, *AGENT))
    assert isinstance(source, SpiffeSource)
    assert list(source.watched()) == [tmp_path / "a.crl"]
    source.close()


def test_without_the_package_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "signward_server.rpc.spiffe_source")
    monkeypatch.setitem(sys.modules, "spiffe", None)
    with pytest.raises(TlsFileError, match=r"install signward\[spiffe\]"):
        certificate_source(tls(tmp_path, *AGENT))


def test_an_agent_means_spiffe(tmp_path):
    with pytest.raises(ConfigurationError, match=r"tls\.identity is another kind than that of"):
        tls(tmp_path, f"tls.spiffe_socket={SOCKET}")


@pytest.mark.parametrize("socket", ["/run/agent.sock", "unix:agent.sock", "unix:", "tcp://x:1"])
def test_an_agent_is_behind_a_unix_socket(tmp_path, socket):
    with pytest.raises(ConfigurationError, match=r"tls\.spiffe_socket has the wrong form"):
        tls(tmp_path, f"tls.spiffe_socket={socket}", "tls.identity=spiffe")

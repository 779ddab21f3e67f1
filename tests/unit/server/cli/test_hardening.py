"""What spies on the process is kept out (S20)."""

import os
import subprocess
import sys

import pytest
from signward.audit.verifier_keys import KeyType
from signward_server.cli import hardening
from signward_server.cli.hardening import advise, harden, refuse_surroundings
from signward_server.config import ConfigurationError, Settings, load
from signward_server.core.startup import ConfigurationRefused

from tests.fakes.audit_log import KeyPair

WITNESS = str(KeyPair("witness.example.org", KeyType.COSIGNATURE).verifier)
NAMES = ["SSLKEYLOGFILE", "GRPC_TRACE", "LD_PRELOAD", "LD_AUDIT"]


def test_s20_every_variable_that_spies_is_named():
    with pytest.raises(ConfigurationError) as caught:
        refuse_surroundings(dict.fromkeys(NAMES, "x"))
    assert [p.source for p in caught.value.problems] == [f"environment variable {n}" for n in NAMES]
    assert all("--development" in problem.fix for problem in caught.value.problems)


def test_s20_an_empty_variable_does_nothing():
    refuse_surroundings({**dict.fromkeys(NAMES, ""), "PATH": "/bin"})
    assert refuse_surroundings({}) is None


def test_s36_a_daemon_without_a_witness_is_told_to_have_one(caplog):
    advise(Settings())
    (said,) = caplog.records
    assert said.setting == "audit.witnesses"
    caplog.clear()
    witnessed = load(None, environment={}, flags=[f'audit.witnesses=["{WITNESS}"]'])
    advise(witnessed)
    assert caplog.records == []


@pytest.mark.parametrize("text", ["", "w", str(KeyPair("log").verifier), WITNESS[:-1]])
def test_s36_what_is_no_key_of_a_witness_is_refused(text):
    with pytest.raises(ConfigurationError) as caught:
        load(None, environment={}, flags=[f'audit.witnesses=["{text}"]'])
    assert "signward audit witness-key" in str(caught.value)


_PROBE = """
import ctypes, os, resource
from signward_server.cli.hardening import harden
PR_GET_DUMPABLE = 3
prctl = ctypes.CDLL(None).prctl
before = prctl(PR_GET_DUMPABLE)
harden()
print(before, prctl(PR_GET_DUMPABLE), resource.getrlimit(resource.RLIMIT_CORE), os.umask(0))
"""


def test_s20_the_process_leaves_no_core_and_private_files():
    done = subprocess.run(
        [sys.executable, "-c", _PROBE],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == "1 0 (0, 0) 63\n"


def test_s20_a_kernel_that_refuses_stops_the_start(monkeypatch):
    class Libc:
        @staticmethod
        def prctl(*_arguments: int) -> int:
            return -1

    monkeypatch.setattr(hardening.ctypes, "CDLL", lambda *_, **__: Libc)
    monkeypatch.setattr(hardening.os, "umask", lambda _: None)
    monkeypatch.setattr(hardening.resource, "setrlimit", lambda *_: None)
    with pytest.raises(ConfigurationRefused, match="cannot be made non-dumpable"):
        harden()

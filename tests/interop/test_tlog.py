"""The audit log's tree, proofs, checkpoints and cosignatures against Go's own implementation.

``golang.org/x/mod/sumdb/note`` and ``tlog`` are what Go's checksum database is verified with. Each
side makes what the other verifies.
"""

from __future__ import annotations

import base64
import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from signward.audit.checkpoints import parse_checkpoint, sign_checkpoint, verify_checkpoint
from signward.audit.cosignatures import verify_cosignature
from signward.audit.errors import ProofError, SignatureError
from signward.audit.merkle import CompactRange, leaf_hash
from signward.audit.proofs import (
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)
from signward.audit.records import encode_record
from signward.audit.stored import nodes_over, tree_root
from signward.audit.verifier_keys import KeyType, parse_verifier_key

from tests.fakes.audit_log import KeyPair, cosigned, record
from tests.running.homes import PATIENCE

_SOURCES = Path(__file__).with_name("go")
_FLAGS = (
    "-mod=readonly",
    "-buildvcs=false",
    "-ldflags=-s",
    "-gcflags=all=-N -l",
)  # as `make tools`
_BUILD_PATIENCE = 300.0  # seconds; an empty build cache on a busy machine takes long
_SIZE = 35
_LOG = KeyPair("signward/0123456789abcdef")
_WITNESS = KeyPair("example.org/witness", KeyType.COSIGNATURE)
_TIME = 1_700_000_000


class _Ours:
    """What goes to the other side."""

    def __init__(self) -> None:
        self.records = [encode_record(record(n, note="\u00e9\n" * n)) for n in range(_SIZE)]
        self.leaves = [leaf_hash(body) for body in self.records]
        self.stored = b"".join(CompactRange().extend(self.leaves))
        self.nodes = nodes_over(self.stored)
        self.roots = [tree_root(size, self.nodes) for size in range(1, _SIZE + 1)]
        note = sign_checkpoint(_LOG.verifier, _LOG.sign, _SIZE, self.roots[-1])
        self.note = cosigned(note, _WITNESS, _TIME)

    def inclusion(self) -> list[tuple[int, int, list[bytes]]]:
        return [
            (index, size, inclusion_proof(index, size, self.nodes))
            for size in range(1, _SIZE + 1)
            for index in range(size)
        ]

    def consistency(self) -> list[tuple[int, int, list[bytes]]]:
        return [
            (first, second, consistency_proof(first, second, self.nodes))
            for second in range(1, _SIZE + 1)
            for first in range(1, second + 1)
        ]

    def given(self, **changes: object) -> dict[str, object]:
        return {
            "verifier": str(_LOG.verifier),
            "witness": str(_WITNESS.verifier),
            "note": self.note.decode(),
            "records": list(map(_base64, self.records)),
            "stored": _base64(self.stored),
            "inclusion": _proofs(self.inclusion()),
            "consistency": _proofs(self.consistency()),
        } | changes


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _proofs(proofs: list[tuple[int, int, list[bytes]]]) -> list[dict[str, object]]:
    return [
        {"first": first, "second": second, "hashes": list(map(_base64, hashes))}
        for first, second, hashes in proofs
    ]


def _hashes(proof: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(node) for node in proof["hashes"] or ()]


@pytest.fixture(scope="session")
def program(tools: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the other side."""
    built = tmp_path_factory.mktemp("tlog") / "tlog"
    subprocess.run(
        ["go", "build", *_FLAGS, "-o", str(built), "./tlog"],
        cwd=_SOURCES, env=tools, check=True, timeout=_BUILD_PATIENCE,
    )  # fmt: skip
    return built


def _run(program: Path, given: dict[str, object]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program], input=json.dumps(given), check=False, capture_output=True, text=True,
        timeout=PATIENCE,
    )  # fmt: skip


@pytest.fixture(scope="session")
def ours() -> _Ours:
    return _Ours()


@pytest.fixture(scope="session")
def seen(program: Path, ours: _Ours) -> dict[str, Any]:
    """What the other side says of our log, and what it made."""
    finished = _run(program, ours.given())
    assert finished.returncode == 0, finished.stderr
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


pytestmark = [pytest.mark.integration, pytest.mark.timeout(2 * _BUILD_PATIENCE)]


def test_go_builds_the_same_tree(seen, ours):
    assert [base64.b64decode(root) for root in seen["roots"]] == ours.roots
    assert seen["same_stored"]


def test_go_verifies_our_checkpoint_and_cosignature(seen, ours):
    assert seen["text"] == parse_checkpoint(ours.note).note.text
    assert seen["unverified"] == [_WITNESS.verifier.name]
    assert seen["time"] == _TIME


def test_go_accepts_all_our_proofs_and_no_others(seen, program, ours):
    assert seen["wrong"] == []
    inclusion, consistency = ours.inclusion()[1:], ours.consistency()
    turned = [(*one[:2], other[2]) for one, other in pairwise(inclusion) if one[2] != other[2]]
    moved = [(*one[:2], other[2]) for one, other in pairwise(consistency) if one[2] != other[2]]
    changes = {"inclusion": _proofs(turned), "consistency": _proofs(moved)}
    finished = _run(program, ours.given(**changes))
    assert finished.returncode == 0, finished.stderr
    assert len(json.loads(finished.stdout)["wrong"]) == len(turned) + len(moved) > 1000


def test_go_refuses_what_we_refuse(program, ours):
    thief = KeyPair("thief")
    forged = sign_checkpoint(_LOG.verifier, thief.sign, _SIZE, ours.roots[-1])
    cut = ours.note.decode().replace("\n\n", "\n")
    wrong_time = ours.note.decode().rpartition(" ")[0] + " " + "A" * 104 + "\n"
    for note in (forged.decode(), cut, wrong_time):
        finished = _run(program, ours.given(note=note))
        accepted = finished.returncode == 0 and json.loads(finished.stdout)["time"] == _TIME
        assert not accepted, note


def test_we_verify_what_go_made(seen, ours):
    checkpoint = parse_checkpoint(seen["note"].encode())
    key, witness = parse_verifier_key(seen["verifier"]), parse_verifier_key(seen["witness"])
    assert (key.type, witness.type) == (KeyType.ED25519, KeyType.COSIGNATURE)
    verify_checkpoint(checkpoint, key)
    assert verify_cosignature(checkpoint, witness) == 1_800_000_000
    assert (checkpoint.size, checkpoint.root) == (_SIZE, ours.roots[-1])
    with pytest.raises(SignatureError):
        verify_checkpoint(checkpoint, _LOG.verifier)
    changed = parse_checkpoint(seen["note"].replace(f"\n{_SIZE}\n", f"\n{_SIZE + 1}\n").encode())
    for verify, by in ((verify_checkpoint, key), (verify_cosignature, witness)):
        with pytest.raises(SignatureError):
            verify(changed, by)


def test_our_proofs_are_those_that_go_makes(seen, ours):
    made = {(p["first"], p["second"]): _hashes(p) for p in seen["inclusion"]}
    assert made == {(index, size): hashes for index, size, hashes in ours.inclusion()}
    made = {(p["first"], p["second"]): _hashes(p) for p in seen["consistency"]}
    assert made == {(first, second): hashes for first, second, hashes in ours.consistency()}
    for index, size, hashes in ours.inclusion():
        check_inclusion(index, size, ours.leaves[index], ours.roots[size - 1], hashes)
    for first, second, hashes in ours.consistency():
        check_consistency(first, second, ours.roots[first - 1], ours.roots[second - 1], hashes)
    with pytest.raises(ProofError):
        check_consistency(1, 2, ours.roots[1], ours.roots[1], made[1, 2])

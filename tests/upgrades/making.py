"""Makes a home to keep, with the release at hand: ``python -m tests.upgrades.making NAME``.

A daemon serves it, makes a key of each algorithm and an API key, signs, is stopped and
serves again. What is kept holds nothing that runs out: no certificates, and an API key that
ends in ten years.
"""

from __future__ import annotations

import io
import json
import sys
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from signward import Algorithm, Client, Hash, Purpose

from tests.running.homes import ROOT, Home, initialise
from tests.running.process import Daemon

__all__ = ["FOLDER", "HASHES", "main"]

FOLDER: Final = ROOT / "tests" / "upgrades"
_LEFT_OUT: Final = ("tls", "clients", "run", "lock")
_ALGORITHMS: Final = {
    "old-ed25519": Algorithm.ALGORITHM_ED25519,
    "old-secp256k1": Algorithm.ALGORITHM_ECDSA_SECP256K1,
}
HASHES: Final = {
    "old-ed25519": Hash.HASH_UNSPECIFIED,
    "old-secp256k1": Hash.HASH_SHA256,
}
_TEN_YEARS: Final = timedelta(days=3652)
MESSAGE: Final = b"signed before the upgrade"


def main(name: str) -> None:
    """Write ``NAME.tar.gz`` and ``NAME.json`` beside this file."""
    with tempfile.TemporaryDirectory(prefix="signward-") as folder:
        home = initialise(Path(folder) / "home")
        with Daemon(home) as daemon:
            facts = _worked(daemon)
        with Daemon(home) as daemon, daemon.client() as bot:
            bot.sign_raw("old-ed25519", b"after a restart")
        facts["audit_origin"] = _origin(home)
        _pack(home.path, FOLDER / f"{name}.tar.gz")
    text = json.dumps(facts, indent=2, sort_keys=True)
    (FOLDER / f"{name}.json").write_text(f"{text}\n", "utf-8")


def _worked(daemon: Daemon) -> dict[str, Any]:
    """Leave keys, signatures, labels, an API key and a frozen key in a home; tell of them."""
    keys: dict[str, Any] = {}
    with daemon.client() as bot, daemon.client("admin") as admin:
        for key_id, algorithm in _ALGORITHMS.items():
            made = bot.create_key(
                key_id, algorithm=algorithm, purpose=Purpose.PURPOSE_RAW, labels={"desk": "one"}
            )
            keys[key_id] = _told(bot, key_id, made.versions[0].public_key.spki_der.hex())
        bot.create_key(
            "old-frozen", algorithm=_ALGORITHMS["old-ed25519"], purpose=Purpose.PURPOSE_RAW
        )
        admin.admin.freeze_key("old-frozen", reason="kept frozen")
        bot.disable_key("old-secp256k1")
        bot.enable_key("old-secp256k1")
        until = datetime.now(UTC) + _TEN_YEARS
        api_key = admin.admin.create_api_key("apikey:old", expires=until)
    return {
        "keys": keys,
        "api_key": {"id": api_key.api_key.id, "secret": api_key.secret},
        "message": MESSAGE.hex(),
    }


def _told(bot: Client, key_id: str, public_key: str) -> dict[str, str]:
    signature = bot.sign_raw(key_id, MESSAGE, hash=HASHES[key_id]).raw.signature
    return {"public_key": public_key, "signature": signature.hex()}


def _origin(home: Home) -> str:
    (line,) = (
        line for line in home.configuration.read_text("utf-8").splitlines() if "origin" in line
    )
    return line.split('"')[1]


def _pack(home: Path, file: Path) -> None:
    """Write the home as an archive that says nothing of who packed it, and when."""
    with tarfile.open(file, "w:gz", compresslevel=9) as archive:
        for path in sorted(home.rglob("*")):
            name = path.relative_to(home)
            if name.parts[0] in _LEFT_OUT or path.suffix in (".lock", ".db-wal", ".db-shm"):
                continue
            member = archive.gettarinfo(path, str(Path("home") / name))
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = 0
            content = io.BytesIO(path.read_bytes()) if path.is_file() else None
            archive.addfile(member, content)


if __name__ == "__main__":
    main(sys.argv[1])

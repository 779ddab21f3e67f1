"""Runs targets for as long as you say: ``python -m tests.fuzz [--seconds N] [TARGET...]``.

With atheris (``pip install atheris``) inputs follow the coverage of what they reach; without
it they are mutations of the seeds by chance. What makes a target fail is printed, and the
exit code is 1.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.target import Target

_LONGEST = 65_536


def main() -> int:
    """Run each target in a process of its own, one after the other."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=30, help="for each target")
    parser.add_argument("--corpus", help=argparse.SUPPRESS)  # a run of one target
    parser.add_argument("targets", nargs="*", help="all if none is named")
    given = parser.parse_args()
    if given.corpus:
        warnings.simplefilter("ignore")
        guided = importlib.util.find_spec("atheris") is not None
        return (_guided if guided else _blind)(given.targets[0], given.seconds, given.corpus)
    results = {name: _run(name, given.seconds) for name in given.targets or _targets()}
    for name, passed in results.items():
        print(f"{name}: {'ok' if passed else 'FAILED'}")  # noqa: T201
    return 0 if all(results.values()) else 1


def _targets() -> Mapping[str, Target]:
    """Import all there is only now, so that atheris can see to it."""
    from tests.fuzz.targets import TARGETS

    return TARGETS


def _run(name: str, seconds: int) -> bool:
    """Run a target; show the inputs that it failed on."""
    with TemporaryDirectory(prefix="signward-fuzz-") as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate(_targets()[name].seeds):
            (corpus / str(number)).write_bytes(seed)
        options = ["--seconds", str(seconds), "--corpus", str(corpus)]
        command = [sys.executable, "-m", "tests.fuzz", *options, name]
        done = subprocess.run(command, check=False, timeout=seconds + 120)
        for found in Path(folder).glob("found-*"):
            print(f"{name} fails on {found.read_bytes()!r}")  # noqa: T201
        return done.returncode == 0


def _guided(name: str, seconds: int, corpus: str) -> int:
    import atheris  # type: ignore[import-not-found]

    with atheris.instrument_imports(include=["signward.audit", "signward_server"]):
        target = _targets()[name]
    options = [f"-max_total_time={seconds}", f"-max_len={_LONGEST}", "-rss_limit_mb=2048",
               "-timeout=30", "-verbosity=0", "-print_final_stats=1"]  # fmt: skip
    found = f"-artifact_prefix={Path(corpus).parent}/found-"
    atheris.Setup([sys.argv[0], *options, found, corpus], target.check)
    atheris.Fuzz()  # which ends the process
    return 0


def _blind(name: str, seconds: int, corpus: str) -> int:
    target, chance, number = _targets()[name], random.Random(time.time_ns()), 0  # noqa: S311
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = bytearray(chance.choice(target.seeds))
        for _ in range(chance.randint(1, 8)):
            at = chance.randint(0, len(data))
            data[at : at + chance.randint(0, 16)] = chance.randbytes(chance.randint(0, 8))
        number += 1
        try:
            target.check(bytes(data))
        except BaseException:
            (Path(corpus).parent / "found-by-chance").write_bytes(data)
            raise
    print(f"{name}: {number} inputs in {seconds} s")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())

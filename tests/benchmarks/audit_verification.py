"""How fast a log is verified: ``python -m tests.benchmarks.audit_verification [--records N]``.

Beside it, in the same run and turn by turn: SHA-256 of the same bytes in one thread, without any
structure. Prints one JSON object; times are medians, ratios are taken within each round.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from signward.audit.folder import list_folder
from signward.audit.records import encode_record
from signward.audit.verifying import Report, verify_log

from tests.fakes.audit_log import LogWriter, record

_PADDING = "spiffe://example.org/ns/trading/sa/market-maker-7"
_SLICE = 3_000  # records a second, and so between two checkpoints
_CHUNK = 1 << 20


def _bodies(start: int, count: int) -> list[bytes]:
    """Return records of about 400 bytes."""
    template = encode_record(
        record(
            10**9, identity=_PADDING, authentication="mtls", peer="ipv4:10.20.30.40",
            method="/signward.v1.SignService/Sign", action="SignRaw", decision="allow",
            digest="5" * 64, trace_id="7" * 32, duration_us=123,
        )
    )  # fmt: skip
    return [template.replace(b"1000000000", b"%d" % n) for n in range(start, start + count)]


def _write(folder: Path, records: int, segments: int) -> LogWriter:
    log = LogWriter(folder)
    for start in range(0, records, _SLICE):
        if start and start // _SLICE % max(1, records // _SLICE // segments) == 0:
            log.rotate()
        log.add_bodies(_bodies(start, min(_SLICE, records - start)))
        log.checkpoint()
    return log


def _hash(folder: Path) -> float:
    listing = list_folder(folder)
    began = time.perf_counter()
    for first in listing.segments:
        digest = hashlib.sha256()
        with listing.segment(first).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return time.perf_counter() - began


def _verify(log: LogWriter, processes: int) -> tuple[float, Report]:
    began = time.perf_counter()
    report = verify_log(log.folder, log.key, processes=processes)
    return time.perf_counter() - began, report


def measure(records: int, segments: int, rounds: int) -> dict[str, float]:
    """Return the figures: seconds, records a second, and ratios to plain hashing."""
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as folder:
        log = _write(Path(folder) / "log", records, segments)
        plain, one, two = [], [], []
        for _ in range(rounds):
            plain.append(_hash(log.folder))
            for times, processes in ((one, 1), (two, 2)):
                seconds, report = _verify(log, processes)
                assert report.intact
                assert report.proved == records
                times.append(seconds)
    return {
        "records": records,
        "bytes": report.bytes,
        "bytes_per_record": round(report.bytes / records),
        "segments": report.segments,
        "checkpoints": report.checkpoints,
        "processors": len(os.sched_getaffinity(0)),
        "plain_sha256_s": statistics.median(plain),
        "one_process_s": statistics.median(one),
        "two_processes_s": statistics.median(two),
        "records_per_s_one_process": records / statistics.median(one),
        "records_per_s_two_processes": records / statistics.median(two),
        "ratio_one_process": statistics.median(a / b for a, b in zip(one, plain, strict=True)),
        "ratio_two_processes": statistics.median(a / b for a, b in zip(two, plain, strict=True)),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.audit_verification")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    json.dump(measure(given.records, given.segments, given.rounds), sys.stdout, indent=2)
    sys.stdout.write("\n")

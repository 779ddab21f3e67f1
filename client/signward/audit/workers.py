"""Scanning segments in several processes, where there are several and they are large."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed

from signward.audit.checkpoint_files import unreadable
from signward.audit.findings import Finding
from signward.audit.scanning import Scan, scan
from signward.audit.tasks import Task

__all__ = ["scan_all"]

_WORTH_IT = 16 << 20  # bytes: below that, starting a process takes longer than scanning


def scan_all(
    tasks: Sequence[Task],
    processes: int | None,
    progress: Callable[[int, int], object],
) -> list[Scan | Finding]:
    """Scan segments; the answer has one entry for each: a finding where it cannot be read.

    Args:
        tasks: What to scan.
        processes: At most so many; ``None``: one for each processor.
        progress: Told how many bytes of how many are done.
    """
    sizes = {task.path: _size(task) for task in tasks}
    total = sum(sizes.values())
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    count = min(processes or len(os.sched_getaffinity(0)), len(tasks))
    advance(0)
    if count < 2 or total < _WORTH_IT:  # noqa: PLR2004 -- one process is this one
        return [_scan_here(task, advance) for task in tasks]
    return _in_processes(tasks, count, lambda task: advance(sizes[task.path]))


def _in_processes(
    tasks: Sequence[Task], count: int, finished: Callable[[Task], object]
) -> list[Scan | Finding]:
    # Fresh processes: a fork would inherit the threads' locks of whoever imports this.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, context, initializer=_leave_interrupts) as pool:
        running: Mapping[Future[Scan | Finding], Task] = {
            pool.submit(_scan_quietly, task): task for task in tasks
        }
        try:
            for future in as_completed(running):
                finished(running[future])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in running]


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _scan_quietly(task: Task) -> Scan | Finding:
    return _scan_here(task, int)  # nobody looks at the progress of one segment


def _scan_here(task: Task, advance: Callable[[int], object]) -> Scan | Finding:
    try:
        return scan(task, advance)
    except OSError as error:
        return unreadable(task.path.name, error)


def _size(task: Task) -> int:
    try:
        return task.path.stat().st_size
    except OSError:
        return 0

"""Blocks of work over threads: results as they are ready, stopping promptly, losing no error."""

from __future__ import annotations

import itertools
import os
import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from ..errors import RxnError

Result = TypeVar("Result")


class StoppedError(Exception):
    """Raised by a task that was told to stop before it was done; nobody waits for it."""


_LOOK = 0.2  # seconds between two looks at signals, where waiting would not notice them


def default_threads() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def how_many(threads: int | None) -> int:
    """A number of threads as the caller gave it. Raises R604 for less than 1."""
    wanted = default_threads() if threads is None else threads
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
        raise RxnError("R604", f"threads = {threads!r} is not a whole number of at least 1")
    return wanted


def each_block(
    task: Callable[[int, threading.Event], Result], blocks: int, threads: int, look: Callable[[], object]
) -> Generator[tuple[int, Result]]:
    """(block, task(block, stop)) for every block, as they finish, computed by several threads.

    A task gives the interpreter away while it computes and raises StoppedError soon after `stop` is set. The first
    error of a task is raised here. Leaving the loop, by an exception or otherwise, ends all work first. `look` is
    called from time to time while others work. One thread, or one block, is computed right here.
    """
    stop = threading.Event()
    if min(threads, blocks) == 1:
        for block in range(blocks):
            yield block, task(block, stop)
        return
    ready: queue.SimpleQueue[tuple[int, Result | None, BaseException | None]] = queue.SimpleQueue()
    numbers, lock = itertools.count(), threading.Lock()

    def work() -> None:
        while not stop.is_set():
            with lock:
                block = next(numbers)
            if block >= blocks:
                return
            try:
                ready.put((block, task(block, stop), None))
            except BaseException as error:  # handed to the caller, whatever it is
                ready.put((block, None, error))
                stop.set()
                return

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(threads, blocks))]
    try:
        for worker in workers:
            worker.start()
        for _ in range(blocks):
            while True:
                try:
                    block, result, error = ready.get(timeout=_LOOK)
                    break
                except queue.Empty:
                    look()
            if error is not None:
                raise error
            yield block, result  # type: ignore[misc]
    finally:
        stop.set()
        for worker in workers:
            if worker.ident is not None:
                worker.join()

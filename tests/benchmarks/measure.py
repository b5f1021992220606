"""CPU time of a piece of work, as the best of several rounds: what else the machine does only ever adds."""

import contextlib
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

_T = TypeVar("_T")


def cpu(work: Callable[[], object], *, rounds: int = 9, seconds: float = 0.25) -> float:
    """CPU microseconds per call. What the work logs is written, to nowhere."""
    return cpu_of(lambda _: work(), lambda: None, rounds=rounds, seconds=seconds)


def cpu_of(work: Callable[[_T], object], fresh: Callable[[], _T], *, rounds: int = 9, seconds: float = 0.25) -> float:
    """CPU microseconds per call of work that uses something up: ``fresh`` makes it beforehand, and does not count."""
    with quiet():
        for _ in range(5):
            work(fresh())
        once = max(_seconds(work, [fresh()]), 1e-6)
        calls = max(int(seconds / once), 5)
        gc.collect()
        best = min(_seconds(work, [fresh() for _ in range(calls)]) for _ in range(rounds))
    return best / calls * 1e6


def _seconds(work: Callable[[_T], object], things: list[_T]) -> float:
    started = time.process_time()
    for thing in things:
        work(thing)
    return time.process_time() - started


#: Whether each bar so far was met.
MET: list[bool] = []


def bar(name: str, value: float, unit: str = "us", *, base: float = 1.0, most: float) -> None:
    """Print one figure as a multiple of another, and whether it meets its bar."""
    MET.append(line(name, value, unit, ratio=value / base, bar=most))


def holds(name: str, found: object, wanted: object) -> None:
    """Print a finding, and whether it is what it has to be."""
    MET.append(found == wanted)
    print(f"{name:<66}{found!s:>13}  bar {wanted}  {'ok' if MET[-1] else 'misses'}", flush=True)


def says(name: str, found: object) -> None:
    """Print a finding that has no bar."""
    print(f"{name:<66}{found!s:>13}", flush=True)


def line(name: str, value: float, unit: str = "us", *, ratio: float | None = None, bar: float | None = None) -> bool:
    """Print one figure, and whether it meets its bar."""
    verdict = "" if bar is None or ratio is None else f"  bar {bar:.2f}  {'ok' if ratio <= bar else 'misses'}"
    shown = "" if ratio is None or ratio == value else f"  = {ratio:.2f}x"
    print(f"{name:<66}{value:>10.1f} {unit}{shown}{verdict}", flush=True)
    return bar is None or ratio is None or ratio <= bar


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What is logged is written, to nowhere."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)

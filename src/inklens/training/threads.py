"""Threads that share the work of a batch."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from inklens.backend import import_torch


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_fast_bfloat16() -> bool:
    """Whether the processor multiplies matrices of bfloat16 (Intel's AMX): then it does so several times faster than
    float32, else several times slower."""
    try:
        return " amx_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


class Workers:
    """As many threads as there are cores, each using one core; torch's own threads rest meanwhile.

    Small layers gain little from threads that meet after every operation, and lose much when another program holds
    a core; threads that meet once a step do not.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count or cores()

    def __enter__(self) -> Workers:
        torch = import_torch()
        self._before = torch.get_num_threads()
        torch.set_num_threads(1)
        self._pool = ThreadPoolExecutor(self.count, initializer=torch.set_num_threads, initargs=(1,))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        import_torch().set_num_threads(self._before)

    def map(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """The results of calling `function` with each of the zipped `arguments`, in their order."""
        return list(self._pool.map(function, *arguments))

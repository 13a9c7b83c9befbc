"""Locks between threads of the operating system, also where gevent has patched ``threading``.

The web process speaks SQL in native threads. A patched lock belongs to one thread's loop: when two native threads
meet at it, the one that waits may never be woken (a reader and the writer that open their connections at once were).
"""

from __future__ import annotations

import sys
import threading
from contextlib import AbstractContextManager


def native_lock() -> AbstractContextManager[bool]:
    """A lock that any thread may wait at and any other wakes."""
    monkey = sys.modules.get("gevent.monkey")
    make = monkey.get_original("threading", "Lock") if monkey is not None else threading.Lock
    lock: AbstractContextManager[bool] = make()
    return lock

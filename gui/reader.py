"""Files are read beside the window: a long one, or one that is damaged, keeps nobody from STOP."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from qtpy import QtCore

from antistokes.instruments.errors import Refused

_WITHIN = 5.0  # s; what a file takes longer than that when the window is closed is not waited for


class Reader(QtCore.QObject):
    """One thread that does what it is asked for, in that order.

    Signals: ``failed`` (why something could not be read).
    """

    failed = QtCore.Signal(str)
    _done = QtCore.Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any], None]] | None]
        self._jobs = queue.SimpleQueue()
        self._ended = False
        self._done.connect(self._deliver)
        self._thread = threading.Thread(target=self._work, name="reader", daemon=True)
        self._thread.start()

    def ask(self, read: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Call *then*, in the thread of the window, with what *read* has given; it may refuse."""
        self._jobs.put((read, then))

    def end(self) -> None:
        """Nothing is delivered any more."""
        self._ended = True
        self._jobs.put(None)
        self._thread.join(_WITHIN)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            read, then = job
            try:
                self._done.emit(then, read())
            except Refused as refused:
                self.failed.emit(f"refused: {refused}")
            except Exception as error:
                self.failed.emit(f"unexpected {type(error).__name__}: {error}")

    def _deliver(self, then: Callable[[Any], None], result: Any) -> None:
        if not self._ended:
            then(result)

"""What the Time Tagger driver uses of ``Swabian.TimeTagger`` (PyPI ``swabian-timetagger``, read in 2.22.6).

Times are whole ps. Methods that the real classes take as ``*args`` are declared as their docstrings say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Tagger(Protocol):
    """A device that is open, or its proxy for measurements that begin together."""

    def getModel(self) -> str: ...  # noqa: N802
    def getSerial(self) -> str: ...  # noqa: N802
    def getChannelList(self) -> Sequence[int]: ...  # noqa: N802
    def getTriggerLevelRange(self, channel: int) -> Sequence[float]: ...  # noqa: N802
    def getTriggerLevel(self, channel: int) -> float: ...  # noqa: N802
    def setTriggerLevel(self, channel: int, voltage: float) -> None: ...  # noqa: N802
    def getInputDelay(self, channel: int) -> int: ...  # noqa: N802
    def setInputDelay(self, channel: int, delay: int) -> None: ...  # noqa: N802
    def getDeadtimeRange(self, channel: int) -> Sequence[int]: ...  # noqa: N802
    def getDeadtime(self, channel: int) -> int: ...  # noqa: N802
    def setDeadtime(self, channel: int, deadtime: int) -> int: ...  # noqa: N802
    def getOverflowsAndClear(self) -> int: ...  # noqa: N802


class Measurement(Protocol):
    """What all measurements can do. One that is made begins at once."""

    def startFor(self, capture_duration: int, clear: bool = True) -> None: ...  # noqa: N802
    def stop(self) -> None: ...
    def isRunning(self) -> bool: ...  # noqa: N802
    def waitUntilFinished(self, timeout: int = -1) -> bool: ...  # noqa: N802


class StreamBuffer(Protocol):
    """Events since the last call; ``size`` equal to the buffer's: events were lost."""

    @property
    def size(self) -> int: ...
    @property
    def hasOverflows(self) -> bool: ...  # noqa: N802
    @property
    def tStart(self) -> int: ...  # noqa: N802
    def getTimestamps(self) -> npt.NDArray[np.int64]: ...  # noqa: N802
    def getChannels(self) -> npt.NDArray[np.int32]: ...  # noqa: N802
    def getEventTypes(self) -> npt.NDArray[np.uint8]: ...  # noqa: N802
    def getMissedEvents(self) -> npt.NDArray[np.uint16]: ...  # noqa: N802


class Stream(Measurement, Protocol):
    def getData(self) -> StreamBuffer: ...  # noqa: N802


class Histogram(Measurement, Protocol):
    """Multiple start, multiple stop."""

    def getData(self) -> npt.NDArray[np.int32]: ...  # noqa: N802
    def getIndex(self) -> npt.NDArray[np.int64]: ...  # noqa: N802


class Countrate(Measurement, Protocol):
    def getCountsTotal(self) -> npt.NDArray[np.int64]: ...  # noqa: N802


class Together(Protocol):
    """Measurements that begin and end together: those made with its proxy."""

    def getTagger(self) -> Tagger: ...  # noqa: N802
    def startFor(self, capture_duration: int, clear: bool = True) -> None: ...  # noqa: N802
    def waitUntilFinished(self, timeout: int = -1) -> bool: ...  # noqa: N802
    def stop(self) -> None: ...


class TimeTaggerSdk(Protocol):
    """The module."""

    def scanTimeTagger(self) -> Sequence[str]: ...  # noqa: N802
    def createTimeTagger(self, serial: str) -> Tagger: ...  # noqa: N802
    def freeTimeTagger(self, tagger: Tagger) -> None: ...  # noqa: N802
    def TimeTagStream(self, tagger: Tagger, n_max_events: int, channels: list[int]) -> Stream: ...  # noqa: N802
    def Histogram(  # noqa: N802
        self, tagger: Tagger, click_channel: int, start_channel: int, binwidth: int, n_bins: int
    ) -> Histogram: ...
    def Countrate(self, tagger: Tagger, channels: list[int]) -> Countrate: ...  # noqa: N802
    def SynchronizedMeasurements(self, tagger: Tagger) -> Together: ...  # noqa: N802

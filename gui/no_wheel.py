"""The mouse wheel scrolls and changes nothing."""

from __future__ import annotations

from qtpy import QtCore


class _NoWheel(QtCore.QObject):
    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        if event.type() == QtCore.QEvent.Type.Wheel:
            event.ignore()
            return True
        return super().eventFilter(watched, event)


#: for ``installEventFilter`` of a box or a spin box
NO_WHEEL = _NoWheel()

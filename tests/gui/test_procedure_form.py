"""Forms are what procedures say of their parameters."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy import QtCore, QtGui, QtWidgets

from antistokes.gui.procedure_form import ProcedureForm, known_procedures

KINDS = known_procedures()


@pytest.mark.parametrize("name", KINDS)
def test_every_parameter_has_a_line_with_words_and_a_unit(qtbot: Any, name: str) -> None:
    form = ProcedureForm(KINDS[name])
    qtbot.addWidget(form)
    assert form.settings() == {}
    for parameter, editor in form.editors.items():
        assert editor.toolTip()
        assert form.units[parameter].text() == KINDS[name].units(parameter, {})


@pytest.mark.parametrize("name", KINDS)
def test_what_is_filled_in_is_what_is_measured(qtbot: Any, name: str) -> None:
    form = ProcedureForm(KINDS[name])
    qtbot.addWidget(form)
    if form.problems.text():  # what must be given
        return
    form.fill(form.procedure().parameters())
    assert form.problems.text() == ""
    assert form.procedure() == KINDS[name].of({})


def test_units_are_typed_along_and_what_is_wrong_is_said_at_once(qtbot: Any) -> None:
    form = ProcedureForm(KINDS["power-sweep"])
    qtbot.addWidget(form)
    form.fill({"settle": "20 ms", "unit": "mW"})
    assert form.procedure().parameters()["settle"] == pytest.approx(0.02)
    assert form.units["start"].text() == "mW"
    form.fill({"settle": "20 K", "frames": 1})
    assert len(form.problems.text().splitlines()) == 2


def test_the_wheel_changes_nothing(qtbot: Any) -> None:
    form = ProcedureForm(KINDS["power-sweep"])
    qtbot.addWidget(form)
    form.show()
    box = form.editors["order"]
    assert isinstance(box, QtWidgets.QComboBox)
    before = box.currentText()
    point = QtCore.QPointF(5, 5)
    wheel = QtGui.QWheelEvent(
        point,
        point,
        QtCore.QPoint(0, -120),
        QtCore.QPoint(0, -120),
        QtCore.Qt.MouseButton.NoButton,
        QtCore.Qt.KeyboardModifier.NoModifier,
        QtCore.Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QtWidgets.QApplication.sendEvent(box, wheel)
    assert box.currentText() == before

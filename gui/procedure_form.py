"""A form for the parameters of a procedure, built from what the procedure says of them."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from qtpy import QtCore, QtWidgets

from antistokes.instruments.errors import PlanRefused, Refused
from antistokes.procedures.procedure import Procedure

from .no_wheel import NO_WHEEL
from .typed import read_typed, typed

_WRONG = "border: 2px solid #D55E00;"


def known_procedures() -> dict[str, type[Procedure]]:
    """All that are installed, by name."""
    points = sorted(entry_points(group="antistokes.procedures"), key=lambda point: point.name)
    return {point.name: point.load() for point in points}


class ProcedureForm(QtWidgets.QWidget):
    """One line for each parameter; what is wrong with them stands below, as it is typed.

    Signals: ``changed``.
    """

    changed = QtCore.Signal()

    def __init__(self, kind: type[Procedure]) -> None:
        super().__init__()
        self.kind = kind
        self._fields = {field.name: field for field in msgspec.structs.fields(kind)}
        self.editors: dict[str, QtWidgets.QWidget] = {}
        self.units: dict[str, QtWidgets.QLabel] = {}
        form = QtWidgets.QFormLayout()
        form.setFieldGrowthPolicy(QtWidgets.QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for name, field in self._fields.items():
            about = _about(field.type)
            label = QtWidgets.QLabel(about.title or name.replace("_", " ").capitalize())
            editor = self._editor(field)
            for widget in (label, editor):
                widget.setToolTip(about.description or label.text())
            row = QtWidgets.QHBoxLayout()
            row.addWidget(editor, 1)
            unit = QtWidgets.QLabel(kind.units(name, {}))
            unit.setMinimumWidth(unit.fontMetrics().horizontalAdvance("W/cm^2 "))
            row.addWidget(unit)
            form.addRow(label, row)
            self.editors[name], self.units[name] = editor, unit
        self.problems = QtWidgets.QLabel()
        self.problems.setWordWrap(True)
        self.problems.setStyleSheet("color: #D55E00;")
        self.problems.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.problems)
        layout.addStretch(1)
        self._check()

    def settings(self) -> dict[str, Any]:
        """What differs from the defaults, as it was typed."""
        found = {}
        for name, editor in self.editors.items():
            value, default = _value(editor), _default(self._fields[name])
            if value != typed(default) and value != default:
                found[name] = read_typed(value) if isinstance(value, str) else value
        return found

    def fill(self, settings: dict[str, Any]) -> None:
        """Put *settings* into the form, and the defaults everywhere else."""
        for name, editor in self.editors.items():
            value = settings.get(name, _default(self._fields[name]))
            if isinstance(editor, QtWidgets.QComboBox):
                editor.setCurrentIndex(editor.findText(typed(value)))
            elif isinstance(editor, QtWidgets.QCheckBox):
                editor.setChecked(bool(value))
            elif isinstance(editor, QtWidgets.QLineEdit):
                editor.setText(typed(value))

    def procedure(self) -> Procedure:
        """:raises Refused: all that is wrong with what was typed"""
        return self.kind.of(self.settings())

    def _editor(self, field: Any) -> QtWidgets.QWidget:
        default = _default(field)
        choices = _choices(field.type)
        if choices:
            box = QtWidgets.QComboBox()
            box.addItems([str(choice) for choice in choices])
            box.setCurrentIndex(choices.index(default) if default in choices else -1)
            box.setPlaceholderText("must be given")
            box.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
            box.installEventFilter(NO_WHEEL)
            box.currentTextChanged.connect(self._check)
            return box
        if isinstance(default, bool):
            tick = QtWidgets.QCheckBox()
            tick.setChecked(default)
            tick.toggled.connect(self._check)
            return tick
        line = QtWidgets.QLineEdit(typed(default))
        line.setPlaceholderText("" if default is not msgspec.NODEFAULT else "must be given")
        line.textChanged.connect(self._check)
        return line

    def _check(self, *_: object) -> None:
        text = ""
        try:
            self.procedure()
        except PlanRefused as refused:
            text = "\n".join(str(one) for one in refused.problems)
        except Refused as refused:
            text = str(refused)
        self.problems.setText(text)
        settings = self.settings()
        for name, editor in self.editors.items():
            wrong = any(f"{name}:" in line or f"{name} =" in line for line in text.splitlines())
            editor.setStyleSheet(_WRONG if wrong and name in settings else "")
            self.units[name].setText(self.kind.units(name, settings))
        self.changed.emit()


def _about(kind: Any) -> msgspec.Meta:
    metas = [meta for meta in getattr(kind, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
    return next((meta for meta in metas if meta.title or meta.description), msgspec.Meta())


def _choices(kind: Any) -> tuple[Any, ...]:
    """Of a parameter that takes one of some words."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return get_args(kind) if get_origin(kind) is Literal else ()


def _default(field: Any) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _value(editor: QtWidgets.QWidget) -> Any:
    if isinstance(editor, QtWidgets.QComboBox):
        return editor.currentText()
    if isinstance(editor, QtWidgets.QCheckBox):
        return editor.isChecked()
    assert isinstance(editor, QtWidgets.QLineEdit)
    return editor.text().strip()

"""Families of samples: a file that ``extends`` another one states only what changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import read_toml

from .energy_transfer_process import canonical_process

_OWN = ("facts", "table1", "extends")  # of each file alone
#: list of tables to the keys that say which entry is meant
_IDENTITY = {
    "ions": ("name",),
    "radiative": ("ion", "from"),
    "nonradiative": ("ion", "from", "to"),
    "transfers": ("process",),
    "cooperative": ("process",),
    "absorption": ("ion", "from", "to", "wavelength"),
    "emission": ("name",),
    "lines": ("name",),
    "medium": ("wavelength",),
    "runs": ("name",),
}


def read_family(path: Path, locate: Callable[[str, Path], Path]) -> tuple[dict[str, Any], str]:
    """A sample file's tables with those of the files it extends; all their texts, its own first.

    :param locate: the path of a sample that the file at a path names
    :raises FileRefused: a file that cannot be read, or one that extends itself
    """
    data, texts, seen = read_toml(path), [path.read_text(encoding="utf-8-sig")], [path.resolve()]
    current = path
    while "extends" in data:
        name = data.pop("extends")
        if not isinstance(name, str) or not name:
            raise FileRefused(current, "extends", f"is {name!r}; must be the id or the path of a sample")
        child, current = current, locate(name, current)
        if not current.is_file():
            raise FileRefused(child, "extends", f"is '{name}'; there is no file {current}")
        if current.resolve() in seen:
            raise FileRefused(path, "extends", f"leads back to {current.name}")
        parent = read_toml(current)
        if not _has_id(data):
            raise FileRefused(path, "sample.id", f"is missing; one that extends '{name}' needs its own")
        mechanisms = [_model(table)["mechanism"] for table in (data, parent) if "mechanism" in _model(table)]
        if len(mechanisms) == 2 and mechanisms[0] != mechanisms[1]:  # a parent may have it from its own
            raise FileRefused(path, "model.mechanism", f"is not that of '{name}'; it cannot change")
        seen.append(current.resolve())
        text = current.read_text(encoding="utf-8-sig")
        texts.append(f"# ---------------- extends {current.name}\n{text}")
        inherited = {key: value for key, value in parent.items() if key not in _OWN}
        data = merged(inherited, data)
        if "extends" in parent:
            data["extends"] = parent["extends"]
    return data, "\n".join(texts)


def merged(parent: dict[str, Any], child: dict[str, Any]) -> dict[str, Any]:
    """*parent* with the changes of *child*; entries of lists are found by what they describe."""
    result = dict(parent)
    for key, value in child.items():
        before = parent.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            result[key] = merged(before, value)
        elif key in _IDENTITY and before is not None and value and _are_tables(value) and _are_tables(before):
            result[key] = _merged_entries(before, value, _IDENTITY[key])
        else:
            result[key] = value
    return result


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _merged_entries(
    parent: list[dict[str, Any]], child: list[dict[str, Any]], identity: tuple[str, ...]
) -> list[dict[str, Any]]:
    result = [dict(entry) for entry in parent]
    for entry in child:
        same = [i for i, old in enumerate(result) if _same(old, entry, identity)]
        if same:
            result[same[0]] = merged(result[same[0]], entry)
        else:
            result.append(entry)
    return result


def _same(one: dict[str, Any], other: dict[str, Any], identity: tuple[str, ...]) -> bool:
    if identity == ("process",):
        texts = [str(entry.get("process")) for entry in (one, other)]
        return canonical_process(texts[0]) == canonical_process(texts[1])
    return all(one.get(key) == other.get(key) for key in identity)


def _has_id(data: dict[str, Any]) -> bool:
    sample = data.get("sample")
    return isinstance(sample, dict) and "id" in sample


def _model(data: dict[str, Any]) -> dict[str, Any]:
    model = data.get("model")
    return model if isinstance(model, dict) else {}

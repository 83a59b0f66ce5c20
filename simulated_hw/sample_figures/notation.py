"""How levels, ions and rates are written in a figure."""

from __future__ import annotations

import re

_LANTHANIDES = ["La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu"]
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def split_level(level: str) -> tuple[str, str]:
    """Column and name of ``Ion:level``; the column is empty where none is named."""
    column, _, name = level.rpartition(":")
    return column, name


def rate_text(rate: float) -> str:
    """Two digits, and all before the point: 3.6, 1057, 4.3×10⁴."""
    if 0.1 <= rate < 9999.5:
        return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"
    return _scientific(f"{rate:.1e}")


def number_text(value: float) -> str:
    """Four digits: 0.25, 1234, 1×10⁴."""
    text = f"{value:.4g}"
    return _scientific(text) if "e" in text else text


def _scientific(text: str) -> str:
    mantissa, exponent = text.split("e")
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"


def ranges_text(numbers: list[int]) -> str:
    """1–3, 5."""
    parts: list[list[int]] = []
    for number in sorted(set(numbers)):
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}–{b}" if b > a + 1 else f"{a}, {b}" for a, b in parts)


def ion_text(column: str) -> str:
    """Er³⁺, Er³⁺ (B) for ErB; what is no lanthanide stays as it is."""
    found = re.match(f"({'|'.join(_LANTHANIDES)})(?![a-z])(.*)", column)
    if found is None:
        return column
    element, which = found.groups()
    return f"{element}³⁺ ({which})" if which else f"{element}³⁺"


def level_text(level: str) -> str:
    """4S3/2 as ⁴S with index 3/2 in matplotlib's mathtext; other names as they are."""
    name = split_level(level)[1]
    return re.sub(
        r"(?<![A-Za-z0-9])(\d)([SPDFGHIKLM])(\d+(?:/2)?)(?![A-Za-z0-9])",
        r"$^{\1}\\mathrm{\2}_{\3}$",
        name,
    )


def plain_level(level: str) -> str:
    """What takes about as much room as the level's name does, indices being small."""
    return re.sub(r"(\d+)/2", r"\1.", split_level(level)[1])

"""Values as a person types them."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def typed(value: Any) -> str:
    """As a person would type it."""
    if value is None or value is msgspec.NODEFAULT:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def read_typed(text: str) -> Any:
    """A number or a list as such, anything else as the text it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if value is None else value

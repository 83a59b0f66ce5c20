"""How far the fuzz tests search: the same few examples each time, or thousands with
``pytest tests/fuzz --hypothesis-profile=long``.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings

_ALWAYS: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}

settings.register_profile("short", derandomize=True, max_examples=6, **_ALWAYS)
settings.register_profile("long", max_examples=1000, **_ALWAYS)
settings.load_profile("short")

"""Numbers with units, as people write them."""

from __future__ import annotations

from typing import Any

from antistokes.instruments.errors import Refused


def number_in(units: str, value: Any, thing: str) -> Any:
    """*value*; a text such as ``"20 ms"`` as a number in *units*.

    :raises Refused: says *thing*, the text and what would be right
    """
    if not isinstance(value, str):
        return value
    import pint

    try:
        return float(pint.Quantity(value).to(units).magnitude)
    except (pint.PintError, ValueError, AttributeError, TypeError) as error:
        wanted = f"a number in {units} ({error})" if units else "a number"
        raise Refused(f"{thing} is {value!r}; must be {wanted}") from None

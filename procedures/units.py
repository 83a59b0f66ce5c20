"""Numbers with units, as people write them."""

from __future__ import annotations

from typing import Any

from antistokes.instruments.errors import Refused
from antistokes.instruments.records import check_unit, quantity


def number_in(units: str, value: Any, thing: str) -> Any:
    """*value*; a text such as ``"20 ms"`` as a number in *units*.

    :raises Refused: says *thing*, the text and what would be right
    """
    if not isinstance(value, str):
        return value
    import pint

    try:
        return float(pint.Quantity(*quantity(value)).to(units).magnitude)
    except (pint.PintError, ValueError, AttributeError, TypeError, OverflowError) as error:
        wanted = f"a number in {units} ({error})" if units else "a number"
        raise Refused(f"{thing} is {value!r}; must be {wanted}") from None


def converted(number: float, unit: str, units: str, thing: str) -> float:
    """*number* of *unit* in *units*, also between scales whose zeros differ, such as degC and K.

    :raises Refused: says *thing* and what would be right
    """
    import pint

    try:
        return float(pint.Quantity(number, check_unit(unit)).to(units).magnitude)
    except (pint.PintError, ValueError, AttributeError, TypeError, OverflowError) as error:
        raise Refused(f"{thing} is in {units}, which '{unit}' is not ({error})") from None

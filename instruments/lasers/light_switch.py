"""How every laser here is switched: on in steps that may fail, off by all means."""

from __future__ import annotations

from ..errors import InstrumentError


class LightSwitch:
    """Part of a laser driver; the driver says how light comes on and goes off."""

    def _light_up(self) -> None:
        """Everything up to light, confirmed. :raises InstrumentError: there is none"""
        raise NotImplementedError

    def _go_dark(self) -> None:
        """Switch the light off once, confirmed. :raises InstrumentError: it may still be on"""
        raise NotImplementedError

    def switch(self, on: bool) -> None:
        """Light on, or off. :raises InstrumentError: it did not follow"""
        if not on:
            self.switch_off()
            return
        try:
            self._light_up()
        except BaseException:
            # a laser must not come on after its caller has given up
            self.switch_off()
            raise

    def switch_off(self) -> None:
        """Light off; one lost or garbled message must not leave it on: the second try reports."""
        try:
            self._go_dark()
        except InstrumentError:
            self._go_dark()

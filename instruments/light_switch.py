"""How lasers, shutters and pulse generators are switched: on in steps that may fail, off by all means."""

from __future__ import annotations

from .device import do_all, try_twice


class LightSwitch:
    """Part of a driver, which says how light comes on and goes off."""

    def _light_up(self) -> None:
        """Everything up to light, confirmed. :raises InstrumentError: there is none"""
        raise NotImplementedError

    def _go_dark(self) -> None:
        """Switch the light off once, confirmed. :raises InstrumentError: it may still be on"""
        raise NotImplementedError

    def _disarm(self) -> None:
        """What else makes it safe, once, confirmed. :raises InstrumentError: it could not be"""
        raise NotImplementedError

    def switch(self, on: bool) -> None:
        """Light on, or off. :raises InstrumentError: it did not follow"""
        if not on:
            self.switch_off()
            return
        try:
            self._light_up()
        except BaseException:
            # light must not come on after its caller has given up
            self.switch_off()
            raise

    def switch_off(self) -> None:
        """Light off. :raises InstrumentError: not even at the second try"""
        try_twice(self._go_dark)

    def make_safe(self) -> None:
        """Light off, and nothing left that would bring it back as bright as it was; both read back.

        :raises InstrumentError: one of them could not be confirmed, not even at the second try
        """
        do_all(self.switch_off, lambda: try_twice(self._disarm))

"""Devices and the way to them: errors, clock, roles, station, one file per model in a folder per role."""

from .station import Station

__all__ = ["Station"]

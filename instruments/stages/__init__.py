"""Drivers of linear stages."""

"""Drivers of what turns the polarisation of the excitation."""

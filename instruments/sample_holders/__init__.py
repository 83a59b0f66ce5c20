"""Holders that bring one of several samples into the beam."""

"""``antistokes reproduce``: samples measured on the virtual bench and compared with what is known of them.

The measuring side (procedures, analysis) gets a station file and counts, never the physics: see
``[tool.importlinter]``. Only the comparison reads the facts.
"""

"""Windows. They hold no rule: all they do can be done from Python."""

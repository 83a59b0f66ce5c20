"""The conformance suite, for drivers and twins of any package."""

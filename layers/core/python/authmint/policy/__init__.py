"""Access policies: a pure function from configuration and request to a decision that explains itself."""

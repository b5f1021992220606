"""Client authentication: secrets, assertions and the keys that they are verified by."""

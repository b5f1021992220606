"""Storage in memory: the same protocols, for tests that need no backend."""

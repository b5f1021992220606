"""The org itself: its settings, API tokens, first administrator and system log."""

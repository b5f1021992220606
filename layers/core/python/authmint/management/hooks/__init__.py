"""Hooks over the API (docs/protocol.md §39)."""

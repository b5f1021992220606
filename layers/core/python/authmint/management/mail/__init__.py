"""Brands and the words of mail (docs/protocol.md §34.4)."""

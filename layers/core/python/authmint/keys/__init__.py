"""Signing keys of a server: how they are made, rotated and published. Pure, but for the two protocols of ``vault``."""

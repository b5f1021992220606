"""Minting: payloads of tokens and their signatures."""

"""Status lists (Token Status List, docs/protocol.md §14.4): places for tokens, what ends them, and the lists.

A verifier that fetches a list now and then sees revocations without asking about single tokens.
"""

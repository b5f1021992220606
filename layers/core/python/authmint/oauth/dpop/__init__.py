"""Tokens bound to their client's key (DPoP, RFC 9449): proofs, where they must be, what they are checked against."""

"""Authentication requests that clients make without a browser (OpenID CIBA Core 1.0)."""

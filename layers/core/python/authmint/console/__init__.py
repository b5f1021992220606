"""The console: what administrators see. It has no power of its own, only the token of whoever is signed in."""

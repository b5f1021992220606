"""What was issued to people: sessions, refresh tokens, consents."""

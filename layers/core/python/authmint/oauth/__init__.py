"""OAuth 2.0: client authentication, the token endpoint and its grants, introspection, revocation."""

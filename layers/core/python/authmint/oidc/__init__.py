"""OpenID Connect and OAuth metadata: discovery documents and key sets."""

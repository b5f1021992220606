"""One module per grant type. What they share is in ``token_endpoint``."""

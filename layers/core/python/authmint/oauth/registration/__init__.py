"""Open registration (RFC 7591): anybody's client registers itself at a server that lets it.

A client is what it registered: its id is a digest of that, so that a thousand installations of one application are one
record. It has no secret and no token to manage itself with. Which server takes whom, and what such a client may have,
is for the server's administrator to say; that it is shown to users for what it is, for the authorization endpoint.
"""

"""The authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3): browsers ask, and what they come back with.

Signing in and deciding happen on pages (package ``pages``). A request waits meanwhile as a ``StoredRequest``; the pages
send the browser back to the endpoint with its handle, and the endpoint looks at everything again.
"""

"""How somebody comes to a session: what was proved, what a request asks for, and what is asked next.

``requirement`` and ``next_step`` are pure. Only ``SignOn`` writes, and only what is *done* makes a session, in one
place (``sessions``). Pages show a step, ``/api/v1/authn`` prints it, and the authorization endpoint asks ``next_step``
of the session: no step leads to another by itself.
"""

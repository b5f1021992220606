"""What people prove beside their passwords, and with what: enrolled, activated, asked for, verified, removed.

``user_factors`` is what pages and APIs call; ``kinds`` is the table of the kinds of factors, each a module of its own.
Nothing here knows sessions, pages or policies: who asks says for what (``binding``), and gets a ``Proof``.
"""

"""Claims of tokens: what an administrator wrote, and what it evaluates to.

``facts`` is what a claim can know, ``compiled`` gives the claims of one server, ``explain`` says why. The rest is the
expression language (docs/protocol.md §12): ``lexer`` → ``parser`` → ``syntax`` → ``check`` (when saved) → ``evaluate``
(when minted), with the functions in ``functions_*``. Nothing here reads storage, the clock or the environment.
"""

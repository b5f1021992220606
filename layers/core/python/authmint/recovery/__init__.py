"""Getting back in, and in for the first time: forgotten passwords, locked accounts, activation (docs/protocol.md §34).

``Helpdesk`` takes what anybody may ask for; ``Recovery`` opens what was mailed, says what else has to be proved, and
does what it is good for. Pages and ``/api/v1/authn`` are both made of these.
"""

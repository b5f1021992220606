"""People: profiles and their schema, passwords, and whether a login and a password belong together.

Pure but for ``authentication``, which counts wrong passwords. Storage keeps the records; ``management`` shows them.
"""

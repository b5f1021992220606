"""``authmint isolation-check``: two servers of a deployment, everything of one tried at the other, and what came of it.

``sides`` makes what each server has, ``endpoints`` and ``administration`` try it, ``check`` puts them together.
"""

"""``authmint isolation-check``: two servers of a deployment, everything of one tried at the other, and what came of it.

``sides`` makes what each server has, ``uses`` knows what people's credentials are for. ``endpoints``, ``people`` and
``administration`` try it all, ``check`` puts them together.
"""

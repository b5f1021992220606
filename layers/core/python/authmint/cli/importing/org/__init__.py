"""An org brought in over two management APIs: what the source has is read, compared with the target, and written.

``kinds`` is what every kind of object can say of itself; the kinds stand in a module for each family, and their order
in ``catalogue``. ``reading`` reads a deployment, ``planning`` compares two, ``applying`` writes, ``state`` remembers.
"""

"""Records and what the domain does with them: frozen dataclasses, protocols, errors. No table, no item.

``memory`` implements every protocol for tests; the package ``dynamo`` implements them for good.
"""

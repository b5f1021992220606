"""All functions of the language by name."""

from . import functions_arrays, functions_groups, functions_text, functions_time
from .functions import Function


def all_functions() -> dict[str, Function]:
    """Every function by the name it is called by, deprecated aliases included."""
    modules = (functions_text, functions_arrays, functions_time, functions_groups)
    table = {function.name: function for module in modules for function in module.FUNCTIONS}
    return table | {name: table[known] for name, known in functions_text.ALIASES.items()}

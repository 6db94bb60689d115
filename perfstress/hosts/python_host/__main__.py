"""Starts the Python host, out of the way of the modules of the function under test."""

import sys

# Python has put this folder first, where the names of the modules in it would hide those of the
# standard library and of the target. The package is found by its place instead.
if __name__ == "__main__":
    del sys.path[0]

import importlib
import importlib.util
import os

NAME = "perfstress_python_host"


def main() -> None:
    """Import the package under its private name, then serve until the commands end."""
    folder = os.path.dirname(os.path.abspath(__file__))
    place = os.path.join(folder, "__init__.py")
    spec = importlib.util.spec_from_file_location(NAME, place, submodule_search_locations=[folder])
    assert spec is not None
    assert spec.loader is not None
    sys.modules[NAME] = package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    importlib.import_module(NAME + ".serving").serve()


if __name__ == "__main__":
    main()

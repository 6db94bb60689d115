"""perfstress: worked examples at production scale, driven, watched and judged before the deploy."""

from perfstress.version import __version__ as __version__

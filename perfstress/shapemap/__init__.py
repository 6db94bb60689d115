"""The map of stressed shapes: size, duration, load and ordering against the production envelope.

Everything here is a pure function of examples that were read before (data files are looked at for
their sizes alone). ``docs/shapes.md`` defines the words.
"""

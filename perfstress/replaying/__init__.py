"""The replay of the regression library: planned, carried out entry by entry, told."""

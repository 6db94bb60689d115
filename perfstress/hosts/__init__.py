"""Hosts: the programs that hold a function for the `calls` workload, one file a language."""

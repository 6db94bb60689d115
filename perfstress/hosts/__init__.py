"""Hosts: programs that hold a function for the `calls` workload, a file or folder a language."""

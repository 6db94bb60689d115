"""Hosts a Python function for perfstress: loads it, calls it, counts. See docs/host-protocol.md.

Runs under the target's own Python (3.8 or later) with nothing but the standard library, as
``python .../hosts/python_host``; ``__main__`` gives this package a name of its own there. The main
thread calls the function; a second one, the clerk, reads commands, keeps time and tells what has
happened each 100 ms. Memory is bounded, however many calls are made: latencies are kept one by one
for at most ``FOLD`` calls and then counted by their size.
"""

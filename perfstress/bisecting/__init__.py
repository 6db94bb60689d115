"""The search for the commit that brought a finding: ``git bisect`` with an example as its test.

``commits`` asks git what lies between two commits and where to divide it, ``log`` is what is known
so far, kept on disk after each step, ``probe`` is the example, ``trial`` runs it at another commit,
``search`` goes from step to step.
"""

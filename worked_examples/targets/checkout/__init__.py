"""A small web shop: login, product list, cart, checkout, an export for the accountants.

Importing the package imports nothing else, so that the settlement and the pricing loop stay small.
"""

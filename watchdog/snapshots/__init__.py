"""The raw answers behind a reading, kept: made fit to be shown to others, written, read again. Pure.

That is how a wrong number is reported, and how a test is made of it.
"""

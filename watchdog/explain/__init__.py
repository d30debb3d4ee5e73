"""Explains readings: each with its formula, its inputs, and the raw field they were read from. Pure.

Every figure is made by `watchdog.risk`, as the daemon's are; here they are only laid out.
"""

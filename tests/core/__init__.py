"""Tests of the core, step by step."""

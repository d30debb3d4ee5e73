"""Tests of the protection: where a stop goes, and what becomes of it."""

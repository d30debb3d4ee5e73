"""Tests of the alerts: their life, and what they say."""

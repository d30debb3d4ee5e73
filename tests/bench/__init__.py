"""The benchmarks: what the design's budgets allow beside what was measured (`python -m tests.bench`)."""

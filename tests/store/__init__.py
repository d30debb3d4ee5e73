"""The store, against real files, a real disk limit and real kills."""

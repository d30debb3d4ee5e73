"""The whole program as its user runs it: real processes, real sockets, a real database, real prices."""

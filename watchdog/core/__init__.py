"""The core: facts in, effects out. `step` is the whole of it; pure, it knows no clock, network or disk."""

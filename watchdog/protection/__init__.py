"""Protection, pure: the stop a rule wants against what rests, and the next step from here to there."""

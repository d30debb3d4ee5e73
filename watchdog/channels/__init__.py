"""The ways to reach a person, a file each. A channel says whether a message arrived; it decides nothing."""

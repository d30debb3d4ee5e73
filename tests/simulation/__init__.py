"""The seeded fault campaign: the whole daemon against the paper venue, in virtual time."""

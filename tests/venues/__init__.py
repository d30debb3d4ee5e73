"""The venues: what their payloads mean, and that no broken answer passes for a whole one."""

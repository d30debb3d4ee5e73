"""The commands: a file each, with `add_arguments(parser)` and `run(args) -> exit code`."""

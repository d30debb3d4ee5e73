"""The rules file: its values, its parser with line:column errors, its three-valued evaluation, its words. Pure."""

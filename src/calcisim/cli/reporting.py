"""Commands for the report: commands, no logic."""

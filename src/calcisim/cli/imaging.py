"""Commands that write volumes for other programs: commands, no logic."""

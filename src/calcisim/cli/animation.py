"""Commands for moving pictures: commands, no logic."""

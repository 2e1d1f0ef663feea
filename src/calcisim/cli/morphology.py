"""Commands of the particle engine: commands, no logic."""

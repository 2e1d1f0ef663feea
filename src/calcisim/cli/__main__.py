"""`python -m calcisim.cli`."""

from calcisim.cli import main

main()

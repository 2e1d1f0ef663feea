"""What a run leaves behind. Importing the package registers every output, also those that live in modules of their own."""

from calcisim.results import clumps as clumps
from calcisim.results import plasma as plasma
from calcisim.results import radiography as radiography

"""`python -m expertd`."""

from expertd.cli import main

main()

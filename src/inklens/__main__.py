"""`python -m inklens` is the `inklens` command."""

from inklens.cli import main

main()

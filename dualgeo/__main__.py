"""`python -m dualgeo` is the command line too."""

from dualgeo.cli import main

main()

"""`python -m medeval.cli`: the same command where no script was installed."""

from medeval.cli.main import main

main()

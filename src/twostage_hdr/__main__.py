"""`python -m twostage_hdr` is the console command."""

from twostage_hdr.cli.console import console

console()

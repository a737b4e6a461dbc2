"""`python -m nbapimgr.cli`, where the folder of scripts is not on the path."""

from nbapimgr.cli import main

main(prog_name="nbapimgr")

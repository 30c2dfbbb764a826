"""`python -m matjip` is the command line."""

from matjip.cli import main

if __name__ == "__main__":
    main()

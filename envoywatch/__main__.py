"""`python -m envoywatch` is the same program."""

from envoywatch.cli.main import main

if __name__ == "__main__":
    main()

"""The version, on its own so that the build can read it without importing the program."""

VERSION = "0.1.0"

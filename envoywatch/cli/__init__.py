"""The command line: one module a command, each a thin edge over the packages below."""

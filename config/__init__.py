"""What the operator writes: the configuration file, people, sources, and the loaders of the language data."""

"""Records, SQL, duplicates and search: the only package that touches the database."""

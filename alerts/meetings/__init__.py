"""Who met whom: reading claims about meetings out of the text of an article."""

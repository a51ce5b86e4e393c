"""From the network to articles: polling sources politely and turning bytes into entries and text."""

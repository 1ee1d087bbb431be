"""A round as people read it: status, headline, explanation, tables. The API, the console, the terminal and the evidence page render these."""

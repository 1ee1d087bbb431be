"""The console's pages of rehearsals."""

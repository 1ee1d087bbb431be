"""The read model of a round, and its renderings. The API, console, terminal and evidence page show the same report."""

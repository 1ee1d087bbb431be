"""The port Forge on this machine: bare git repositories, and their pages."""

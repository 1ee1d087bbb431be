"""The port Forge on GitHub: REST, git over HTTPS, Pages, limits."""

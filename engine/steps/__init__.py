"""The steps of a round. Each takes a frozen input and the ports, and returns an outcome. No step sleeps."""

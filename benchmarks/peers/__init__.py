"""Small programs that the service is measured beside."""

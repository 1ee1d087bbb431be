"""Whether the service can work: settings, credentials, browser, and each part by name."""

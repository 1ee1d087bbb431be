"""The service's health: settings, credentials, browser, and the status of each part."""

"""Service-wide state: clock, breakers, workers, quotas, spending, retention, queue. No module here changes a round."""

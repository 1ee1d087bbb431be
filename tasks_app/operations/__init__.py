"""State of the whole service: clock, breakers, workers, quotas, spending, retention, the queue. Nothing here changes a round."""

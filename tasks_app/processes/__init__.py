"""The processes of the service: starting, watching and ending them. `worker` holds what a worker does with a round."""

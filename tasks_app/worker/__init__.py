"""What happens inside a worker: drives one round through its steps, renews its lease, looks at its page later. Rows are written by `rounds`."""

"""The only writers of a round: intake, schedule, leases, transitions, runs, operators' actions, the journal. Functions are named `<noun>_<verb>`."""

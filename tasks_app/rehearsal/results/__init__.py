"""The results of a rehearsal: read once, shown as text, charts and exports."""

"""The parts of a parsed reply: files, edits, and what is picked out of other forms."""

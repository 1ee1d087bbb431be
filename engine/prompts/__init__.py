"""The prompts, and the parsers of the replies except the plan's. A changed text needs a new version of its prompt."""

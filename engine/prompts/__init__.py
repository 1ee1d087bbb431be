"""Every prompt, and the reading of every answer but the plan's. A change of any text here is a new version of its prompt."""

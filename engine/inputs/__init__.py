"""The inputs of a round: request fields, attachments, workbooks, fetched data. `engine.plan` reads the brief."""

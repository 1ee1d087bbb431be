"""What comes with a request: its fields, attachments, workbooks and fetched data. Reading a request's prose is the plan's business."""

"""The port Workbooks: reads spreadsheets in a separate process."""

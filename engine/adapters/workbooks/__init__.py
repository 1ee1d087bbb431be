"""The port Workbooks: spreadsheets, read in a process of their own."""

"""Readers of file formats and languages: JavaScript, HTML, Markdown, XML, CSV, JSON, encodings. Pure, and ignorant of rounds and requests."""

"""Readers of file formats and languages: JavaScript, HTML, Markdown, XML, CSV, JSON, text encodings. No I/O."""

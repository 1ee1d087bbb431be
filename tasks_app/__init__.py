"""Everything that is Django: settings, rows, services, doors. Imports `engine`, never the other way round."""

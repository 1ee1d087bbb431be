"""The words that generated files are made of."""

from __future__ import annotations

PRODUCTS = (
    "Anvil", "Basket", "Candle", "Desk", "Easel", "Funnel", "Globe", "Hammock", "Inkwell", "Jug", "Kettle", "Lamp",
)  # fmt: skip
REGIONS = ("East", "North", "South", "West")
CITIES = ("Bergen", "Cusco", "Dakar", "Ghent", "Hobart", "Izmir", "Jaipur", "Kigali", "Leeds", "Lima", "Osaka", "Porto")
PERSONS = (
    "Ada Osei", "Bruno Lind", "Chen Wu", "Dina Rossi", "Emre Kaya", "Farah Khan", "Greta Holm", "Hugo Silva",
    "Indira Rao", "Jonas Beck", "Kaori Mori", "Leila Haddad",
)  # fmt: skip
WORDS = (
    "amber", "anchor", "autumn", "barley", "beacon", "birch", "bridge", "candle", "canyon", "cedar", "clover", "cobalt",
    "copper", "coral", "cotton", "dune", "ember", "falcon", "fern", "field", "flint", "forest", "garden", "ginger",
    "glacier", "granite", "harbor", "hazel", "heron", "indigo", "island", "ivory", "jasmine", "juniper", "kestrel",
    "lantern", "linen", "maple", "marble", "meadow", "mirror", "moss", "nectar", "oak", "olive", "orchard", "pebble",
    "pepper", "pine", "plum", "quartz", "rain", "reed", "river", "saffron", "sage", "silver", "slate", "spruce",
    "stone", "summer", "thistle", "timber", "tulip", "valley", "velvet", "walnut", "willow", "window", "winter",
)  # fmt: skip
CURRENCIES = ("USD", "EUR", "GBP", "INR", "JPY")

"""Views beside API and console: landing page, health, metrics, published pages, clones, evidence; and middleware."""

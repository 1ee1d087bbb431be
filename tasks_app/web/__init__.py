"""Views outside of API and console: landing page, health, metrics, published pages, clones, evidence; and the middleware of all pages."""

"""View model to HTML to PDF."""

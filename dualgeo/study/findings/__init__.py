"""From the answers to the verdict: tests, tables, pictures and the page."""

"""The report of a run: a self-contained page, the table in Markdown and in the terminal, figures for DVC."""

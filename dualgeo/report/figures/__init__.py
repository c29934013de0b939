"""The figures of a run for a paper: each as SVG and PNG, with the data it was drawn from as CSV."""

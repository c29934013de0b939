"""Dagster's view of dvc.yaml: the same graph, freshness and figures, and a button to run them."""

"""Trained systems as versions of one MLflow model, ready to be served; the alias `champion` names the one to ask."""

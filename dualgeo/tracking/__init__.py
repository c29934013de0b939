"""MLflow's record of what was trained and scored. It records and decides nothing: no result depends on it."""

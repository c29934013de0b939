"""Who answers requests: Anthropic (direct or in batches), any OpenAI-compatible server, a model on this machine."""

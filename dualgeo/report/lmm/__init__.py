"""What a large multimodal model added: its effect, its failures, its cost, and sampled photos with what was said."""

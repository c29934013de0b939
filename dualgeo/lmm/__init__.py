"""The second stage's large multimodal model: questions, prompts, providers, the store of answers, verification."""

"""Bring a recorded run back in a worktree of its commit and compare its figures with what was recorded."""

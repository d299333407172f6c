"""Fine-tune a bundle from masks that a user corrected, and say honestly whether it got better."""

"""What may be wrong with training data, one file a question; `preflight` asks them all."""

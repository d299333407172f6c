"""What a correction cost: how far a prediction and its corrected mask are apart."""

"""The only Qt: panels that emit signals and hold no logic, one dock that wires, one job runner."""

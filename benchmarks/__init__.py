"""What the project reaches, measured on real pictures; nothing here is installed."""

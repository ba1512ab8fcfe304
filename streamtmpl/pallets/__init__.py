"""What the adapters of Flask and Quart have in common. Neither is imported here."""

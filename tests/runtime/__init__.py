"""What generated code calls: sources, filters and escaping."""

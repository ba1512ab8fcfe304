"""What tests in several directories share."""

"""What is sent, whatever sends it: status and headers, bytes, the patch script."""

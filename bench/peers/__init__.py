"""The template engines that are compared, one file each; each is imported by itself."""

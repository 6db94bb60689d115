"""What git remembers, read once for all examples: commits, lives of files, and who follows whom."""

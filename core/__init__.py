"""What is owed, what was met and what a reading means: pure, shared by tablet and county."""

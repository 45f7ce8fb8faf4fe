"""Running statements made once, for tablet and county alike."""

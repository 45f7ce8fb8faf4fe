"""What tablet and county say to each other, and how it is written and proved."""

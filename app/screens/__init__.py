"""What the doctor sees: one file a screen, each a record of what it shows and a component."""

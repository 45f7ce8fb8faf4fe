"""What the county answers over HTTP to tablets and to whoever watches over it."""

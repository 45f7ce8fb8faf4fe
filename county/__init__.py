"""The county server: takes in what the tablets record and sends back what they need."""

"""An invented county with a year behind it, for the demo, for journeys and for benchmarks."""

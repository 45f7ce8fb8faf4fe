"""Many tablets, one county, a faulty world and a clock of its own: everything from one seed."""

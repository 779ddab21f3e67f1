"""Everything that the flows need from other parts, in memory and under a test's control."""

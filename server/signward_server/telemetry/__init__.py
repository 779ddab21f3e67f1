"""What the daemon says about itself: its log and its probes."""

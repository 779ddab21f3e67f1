"""Tables of cases that a policy set must decide as they say."""

"""Order intents for a bot's own back end."""

"""Platform data, and the judgement of configurations."""

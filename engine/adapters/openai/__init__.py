"""The port Author on any server that speaks OpenAI's Chat Completions."""

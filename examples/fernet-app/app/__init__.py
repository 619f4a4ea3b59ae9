"""A small application that keeps its users' API keys: before and after."""

"""The nouns that every room shares: frozen values. Imports nothing of ours, touches nothing."""

"""Who is asking: users, Google sign-in, API keys."""

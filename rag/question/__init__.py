"""What a question asks, of whom, and what it means among the turns before it."""

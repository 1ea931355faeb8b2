"""What the service keeps beside knowledge, in the state database: keys, conversations, feedback."""

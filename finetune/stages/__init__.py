"""The stages of training, one module each; TRL is imported only by those that need it."""

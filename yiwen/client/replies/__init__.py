"""What is sent and what comes back, by noun. Import it from `yiwen.client`."""

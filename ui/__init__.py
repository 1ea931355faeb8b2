"""Pages for a browser; they reach the service over HTTP only, through `yiwen.client`."""

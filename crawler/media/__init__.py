"""Files as they are fetched, and video: what they are, where they go, and what is known of them."""

"""The API asked with the worst that each route lets in, while another user asks, too."""

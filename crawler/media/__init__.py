"""Video: what ffmpeg and ffprobe are told, what they say, and what is kept of it."""

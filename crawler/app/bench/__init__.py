"""How fast this machine crawls, and what a page costs, beside the shortest loop there is."""

"""Lists of URLs to start from: files, standard input, addresses of sitemaps and feeds."""

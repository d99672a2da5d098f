"""The crawl loop over the seams of crawler.interfaces."""

"""Reviews of the practice shop: lists of books, then each book, then the pages of its reviews."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crawler import Request, Response, Spider

STARS = {"One": 1, "Two": 2, "Three": 3, "Four": 4, "Five": 5}


@dataclass
class Review:
    """One review."""

    book: str
    stars: int
    author: str
    text: str


class ReviewSpider(Spider):
    """Follows the lists as far as `most_pages`, then whatever has reviews."""

    name = "reviews"
    most_pages = 1

    def parse(self, response: Response) -> Iterator[Request]:
        """Take a list of books."""
        for link in response.css("article.product_pod h3 a"):
            yield response.follow(link, callback=self.parse_book)
        number = response.meta.get("number", 1)
        for link in response.css("li.next a"):
            if number < self.most_pages:
                yield response.follow(link, meta={"number": number + 1})

    def parse_book(self, response: Response) -> Iterator[Request]:
        """Take a book; its title goes on to its reviews."""
        book = response.css("h1::text").get()
        for link in response.css("a[href*=reviews]"):
            yield response.follow(link, callback=self.parse_reviews, cb_kwargs={"book": book})

    def parse_reviews(self, response: Response, book: str) -> Iterator[Review | Request]:
        """Take a page of reviews."""
        for review in response.css("article.review"):
            stars: Any = review.css("p.star-rating::attr(class)").re_first(r"star-rating (\w+)")
            yield Review(
                book=book,
                stars=STARS[stars],
                author=review.css("h2::text").get(""),
                text=review.css("p.text::text").get(""),
            )
        for link in response.css("li.next a"):
            yield response.follow(link, callback=self.parse_reviews, cb_kwargs={"book": book})

"""The answer as a callback sees it; names and behaviour are Scrapy's.

Nothing is decoded or parsed before it is asked for, and then only once: a callback that reads
`response.json()` never pays for a tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from crawler.extract.document import Document
from crawler.extract.links import absolute_url
from crawler.extract.media import Kind, kind_of
from crawler.extract.selectors import href_of, selector_of
from crawler.messages import Callback, Headers, HeaderSource, HttpResponse, Request

if TYPE_CHECKING:
    from parsel import Selector, SelectorList


class Response:
    """An answer whose body is bytes.

    Attributes:
        url: Where it came from; each redirect hop is a request of its own, so this is final.
        headers: Names in any case, values as bytes.
        body: The body, content coding removed.
        flags: What was odd about it.
        request: What was asked for; None in a test that gave none.
    """

    def __init__(
        self,
        url: str,
        status: int = 200,
        headers: HeaderSource | None = None,
        body: bytes = b"",
        flags: Iterable[str] | None = None,
        request: Request | None = None,
    ) -> None:
        self.url = url
        self.status = int(status)
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body
        self.flags = list(flags or ())
        self.request = request

    @property
    def meta(self) -> dict[str, Any]:
        """The request's `meta`; `depth` and, after redirects, `redirect_urls` are in it."""
        return self._asked().meta

    @property
    def cb_kwargs(self) -> dict[str, Any]:
        """The request's keyword arguments for its callback."""
        return self._asked().cb_kwargs

    @property
    def depth(self) -> int:
        """Links away from a start URL; 0 when there is no request."""
        return int(self.request.meta.get("depth", 0)) if self.request is not None else 0

    @property
    def text(self) -> str:
        """The body as text; only text responses have one."""
        raise AttributeError("Response content isn't text")

    def css(self, query: str) -> SelectorList[Selector]:
        """Select by CSS; `::text` and `::attr(name)` select text and attributes."""
        raise AttributeError("Response content isn't text")

    def xpath(self, query: str, **variables: Any) -> SelectorList[Selector]:
        """Select by XPath; keyword arguments are its `$variables`."""
        raise AttributeError("Response content isn't text")

    def urljoin(self, url: str) -> str:
        """Return a URL found in this document as an absolute one."""
        return absolute_url(self.url, url)

    def follow(
        self, url: object, callback: Callback | str | None = None, **options: Any
    ) -> Request:
        """Return a request for a link of this document.

        Args:
            url: A URL, relative or not, a selector of an element or an attribute, or an object
                with a `url`.
            callback: See `Request`.
            **options: Further arguments of the `Request`.

        Raises:
            ValueError: The selector is a list, or its element has no `href`.
        """
        return Request(self.urljoin(_href(url)), callback, **options)

    def follow_all(
        self,
        urls: Iterable[object] | None = None,
        callback: Callback | str | None = None,
        *,
        css: str | None = None,
        xpath: str | None = None,
        **options: Any,
    ) -> Iterator[Request]:
        """Return requests for several links, given as for `follow` or selected by `css` or `xpath`.

        Raises:
            ValueError: Not exactly one of `urls`, `css` and `xpath` was given.
        """
        if sum(one is not None for one in (urls, css, xpath)) != 1:
            raise ValueError("give exactly one of urls, css and xpath")
        if urls is None:
            urls = self.css(css) if css is not None else self.xpath(xpath or "")
        return (self.follow(one, callback, **options) for one in urls if _links_somewhere(one))

    def replace(self, *, cls: type[Response] | None = None, **changes: Any) -> Response:
        """Return a copy with some attributes changed."""
        return (cls or type(self))(**(self._arguments() | changes))

    def copy(self) -> Self:
        """Return an independent copy."""
        return type(self)(**self._arguments())

    def __repr__(self) -> str:
        return f"<{self.status} {self.url}>"

    def _arguments(self) -> dict[str, Any]:
        names = ("url", "status", "body", "flags", "request")
        return {"headers": self.headers.copy()} | {name: getattr(self, name) for name in names}

    def _asked(self) -> Request:
        if self.request is None:
            raise AttributeError("this response is not tied to any request")
        return self.request


class TextResponse(Response):
    """An answer that is text; `encoding` overrides what the answer says about itself."""

    kind = Kind.TEXT

    def __init__(  # noqa: PLR0913 - Scrapy's signature
        self,
        url: str,
        status: int = 200,
        headers: HeaderSource | None = None,
        body: bytes | str = b"",
        flags: Iterable[str] | None = None,
        request: Request | None = None,
        encoding: str | None = None,
    ) -> None:
        if isinstance(body, str):
            encoding = encoding or "utf-8"
            body = body.encode(encoding)
        super().__init__(url, status, headers, body, flags, request)
        content_type = self.headers.content_type
        #: The body, decoded and parsed as far as anyone has asked.
        self.document = Document(url, body, self.kind, content_type, encoding=encoding)
        self._json: Any = self  # stands for "not parsed yet", as None is a JSON value
        self._selector: Selector | None = None

    @property
    def encoding(self) -> str:
        """The encoding by its Python name."""
        return self.document.charset.codec

    @property
    def text(self) -> str:
        """The body as text; what cannot be read is U+FFFD."""
        return self.document.text

    @property
    def selector(self) -> Selector:
        """The parsel selector over the document."""
        if self._selector is None:
            self._selector = selector_of(self.document)
        return self._selector

    def json(self) -> Any:
        """Return the body parsed as JSON.

        Raises:
            ValueError: It is no JSON.
        """
        if self._json is self:
            from json import loads

            self._json = loads(self.text)
        return self._json

    def css(self, query: str) -> SelectorList[Selector]:
        """Select by CSS; `::text` and `::attr(name)` select text and attributes."""
        return self.selector.css(query)

    def xpath(self, query: str, **variables: Any) -> SelectorList[Selector]:
        """Select by XPath; keyword arguments are its `$variables`."""
        return self.selector.xpath(query, **variables)

    def jmespath(self, query: str) -> SelectorList[Selector]:
        """Select from JSON by JMESPath."""
        return self.selector.jmespath(query)

    def urljoin(self, url: str) -> str:
        """Return a URL found in this document as an absolute one; `<base>` counts in HTML."""
        return absolute_url(self.document.base, url, self.encoding)

    def _arguments(self) -> dict[str, Any]:
        return super()._arguments() | {"encoding": self.document.encoding}


class HtmlResponse(TextResponse):
    """An HTML page."""

    kind = Kind.HTML


class XmlResponse(TextResponse):
    """An XML document."""

    kind = Kind.XML


class JsonResponse(TextResponse):
    """A JSON document."""

    kind = Kind.JSON


_CLASSES: Mapping[Kind, type[Response]] = {
    Kind.HTML: HtmlResponse,
    Kind.XML: XmlResponse,
    Kind.JSON: JsonResponse,
    Kind.TEXT: TextResponse,
    Kind.BINARY: Response,
}


def make_response(http: HttpResponse, request: Request) -> Response:
    """Build the response of the class that fits the answer's media type."""
    kind = kind_of(http.media_type, http.body)
    return _CLASSES[kind](
        http.url,
        status=http.status,
        headers=http.headers,
        body=http.body,
        flags=http.flags,
        request=request,
    )


def _href(thing: object) -> str:
    if isinstance(thing, str):
        return thing
    href = href_of(thing)
    if href is None:
        href = getattr(thing, "url", None)
    if not isinstance(href, str):
        raise TypeError(f"cannot follow a {type(thing).__name__}: {thing!r:.80}")
    return href


def _links_somewhere(thing: object) -> bool:
    # Of several selectors, those of elements without an href are passed over, as in Scrapy.
    try:
        href_of(thing)
    except ValueError:
        return False
    return True

"""A login form with a token against forged requests, and the page behind it."""

from __future__ import annotations

import hashlib
import re

from crawler.practice.page import Page, Visit, failure, html_page, redirect

USER = "reader"
PASSWORD = "secret"

_SESSION = re.compile(r"[a-z0-9]{1,32}")
_MEMBER = "member"


def login_form(visit: Visit) -> Page:
    """Show the form; a visitor without a session gets one."""
    session = visit.cookies.get("session", "")
    new = _SESSION.fullmatch(session) is None
    if new:
        session = f"s{visit.earlier + 1}"
    content = f"""<h1>Sign in</h1>
<form method="post" action="/login">
<input type="hidden" name="csrf" value="{_token(session)}">
<label>Name <input name="user"></label>
<label>Password <input name="password" type="password"></label>
<button>Sign in</button>
</form>
<p>The name is <code>{USER}</code>, the password <code>{PASSWORD}</code>.</p>"""
    page = html_page("Sign in", content)
    if not new:
        return page
    cookie = ("Set-Cookie", f"session={session}; Path=/; HttpOnly; SameSite=Lax")
    return Page(body=page.body, headers=(cookie,))


def login(visit: Visit) -> Page:
    """Let in who sends the form with its token and the right words."""
    if visit.method != "POST":
        return failure(405, "Send the form", ("Allow", "POST"))
    session = visit.cookies.get("session", "")
    if not session or visit.form.get("csrf") != _token(session):
        return failure(403, "The form is too old or not ours")
    if (visit.form.get("user"), visit.form.get("password")) != (USER, PASSWORD):
        return failure(401, "Wrong name or password")
    return redirect(303, "/account.html", ("Set-Cookie", f"account={_MEMBER}; Path=/; HttpOnly"))


def account(visit: Visit) -> Page:
    """Greet who is signed in; send everybody else to the form."""
    if visit.cookies.get("account") != _MEMBER:
        return redirect(302, "/login.html")
    content = '<h1>Your account</h1>\n<p class="greeting">Hello, reader.</p>'
    return html_page("Your account", content)


def _token(session: str) -> str:
    return hashlib.sha256(f"practice {session}".encode()).hexdigest()[:24]

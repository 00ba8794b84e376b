"""GitHub's Markdown as a person sees it."""

import re

import cmarkgfm
from cmarkgfm.cmark import Options

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{css}</style></head>
<body class="markdown-body">
{body}</body></html>
"""


def html(markdown: str) -> str:
    """Return `markdown` as HTML.

    Args:
        markdown: a summary or a comment of ours: its HTML is kept, as GitHub keeps what its sanitiser allows.
    """
    body: str = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    return re.sub(
        r"<blockquote>\n<p>\[!(WARNING|NOTE|IMPORTANT|CAUTION|TIP)\]\n",
        lambda found: f'<blockquote class="alert {found[1].lower()}"><p><strong>{found[1].capitalize()}</strong><br>',
        body,
    )


def page(markdown: str, title: str, css: str) -> str:
    """Return `markdown` as an HTML page.

    Args:
        markdown: see `html`.
        title: of the page, plain text.
        css: its style.
    """
    return _PAGE.format(title=title, css=css, body=html(markdown))

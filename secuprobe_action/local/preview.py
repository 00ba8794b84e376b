"""A summary as a person sees it: GitHub's Markdown as a page of its own."""

import cmarkgfm
from cmarkgfm.cmark import Options

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{css}</style></head>
<body class="markdown-body">
{body}</body></html>
"""

PLAIN_CSS = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
table { border-collapse: collapse } th, td { border: 1px solid #8886; padding: .3rem .8rem } code { background: #8882 }
"""


def page(markdown: str, title: str, css: str = PLAIN_CSS) -> str:
    """Return `markdown` as an HTML page.

    Args:
        markdown: a summary of ours: its HTML is kept, as GitHub keeps what its sanitiser allows.
        title: of the page, plain text.
        css: its style.
    """
    body = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    return _PAGE.format(title=title, css=css, body=body)

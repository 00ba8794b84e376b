"""The templates of the estate's page: Jinja2, autoescaped."""

from secuprobe_action.reports.html_template import HEAD

_STYLE = """\
<style>
main, header, footer { max-width: 76rem }
.totals { display: flex; flex-wrap: wrap; gap: .7rem; margin: 1.4rem 0 0; padding: 0; list-style: none }
.totals li { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .6rem 1rem; min-width: 7.5rem }
.totals strong { display: block; font-size: 1.5rem; line-height: 1.2; font-variant-numeric: tabular-nums }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 12px; background: var(--card) }
.sites { width: 100%; border-collapse: collapse; min-width: 58rem }
.sites th, .sites td { padding: .55rem .55rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
.sites thead th { color: var(--soft); font-size: .88rem; white-space: nowrap } .sites tbody tr:last-child > * { border-bottom: 0 }
.sites .n { text-align: right; font-variant-numeric: tabular-nums; width: 1%; white-space: nowrap }
.sites .site { font-weight: 600; overflow-wrap: anywhere; min-width: 17rem } .sites .why { display: block; font-weight: 400; color: var(--soft); font-size: .9rem; overflow-wrap: anywhere }
.sites .score { width: 7rem } .sites .score svg { display: block; width: 100%; height: .7rem; margin-top: .3rem } .sites rect.track { fill: var(--track) } .sites rect.value { fill: var(--link) }
.result { font-weight: 700; white-space: nowrap } .result-passed { color: var(--pass) } .result-failed { color: var(--fail) }
.result-error, .result-not-reached { color: var(--medium) } .result-not-validated { color: var(--soft) }
.zero { color: var(--soft) }
</style>
"""  # noqa: E501  # a template's lines are as long as its elements

_PAGE = """\
<title>SecuProbe estate: {{ estate.result.label }}</title>
<style>
{% for result, _ in results %}
body:has(#show-{{ result.label | replace(" ", "-") }}:not(:checked)) tr[data-result="{{ result.label }}"] { display: none }
{% endfor %}
{% if compared %}
body:has(#only-new:checked) .sites tbody tr:not([data-new]) { display: none }
{% endif %}
</style>
</head>
<body>
<header>
<h1>SecuProbe estate: <span class="{{ 'passed' if estate.result.label == 'passed' else 'failed' }}">{{ estate.result.label }}</span></h1>
<p class="reason">{{ estate.reason }}.</p>
<p class="meta">{{ finished_at }}</p>
<ul class="totals">
{% for result, count in results %}
<li><strong class="result-{{ result.label | replace(' ', '-') }}">{{ "{:,}".format(count) }}</strong>{{ result.label }}</li>
{% endfor %}
{% if compared %}<li><strong>{{ "{:,}".format(estate.new_count) }}</strong>new findings</li>{% endif %}
</ul>
</header>
<main>
{% for note in notes %}
<p class="note"><strong>Note:</strong> {{ note | line(1000) }}</p>
{% endfor %}
<h2>Sites</h2>
{% if not estate.sites %}
<p>There is no site.</p>
{% else %}
<fieldset class="filters"><legend>Show</legend>
{% for result, count in results %}
<label><input type="checkbox" id="show-{{ result.label | replace(' ', '-') }}" checked> {{ result.label | capitalize }}</label>
{% endfor %}
{% if compared %}<label><input type="checkbox" id="only-new"> Only with new findings</label>{% endif %}
</fieldset>
<div class="scroll" tabindex="0" role="region" aria-label="Sites, the worst first">
<table class="sites">
<thead><tr><th scope="col">Site</th><th scope="col">Result</th><th scope="col">SecuScore</th>{% for severity in severities %}<th scope="col" class="n">{{ severity.label | capitalize }}</th>{% endfor %}{% if compared %}<th scope="col" class="n">New</th>{% endif %}<th scope="col">Report</th></tr></thead>
<tbody>
{% for site in estate.sites %}
<tr data-result="{{ site.result.label }}"{% if site.new_count %} data-new{% endif %}>
<th scope="row" class="site">{% if site.files %}<a href="{{ site.files }}.html">{{ site.shown | line(300) }}</a>{% else %}{{ site.shown | line(300) }}{% endif %}{% if site.result.label != "passed" %}<span class="why">{{ site.reason | line(600) }}</span>{% endif %}</th>
<td><span class="result result-{{ site.result.label | replace(' ', '-') }}">{{ site.result.label }}</span></td>
<td class="score">{% if site.score is not none %}{{ "%.10g" | format(site.score) }}<svg preserveAspectRatio="none" viewBox="0 0 100 10" aria-hidden="true"><rect class="track" width="100" height="10" rx="2"/><rect class="value" width="{{ '%.1f' | format([0, [site.score, 100] | min] | max) }}" height="10" rx="2"/></svg>{% else %}<span class="zero">–</span>{% endif %}</td>
{% for severity in severities %}
{% set count = none if site.counts is none else site.counts.get(severity, 0) + (site.counts.get(unknown, 0) if severity == critical else 0) %}
<td class="n{% if not count %} zero{% elif severity %} {{ severity.label }}{% endif %}">{{ "–" if count is none else "{:,}".format(count) }}</td>
{% endfor %}
{% if compared %}<td class="n">{{ "–" if site.new_count is none else "{:,}".format(site.new_count) }}</td>{% endif %}
<td>{% if site.report_url %}<a href="{{ site.report_url }}" aria-label="SecuProbe's report of {{ site.shown | line(200) }}">SecuProbe</a>{% endif %}</td>
</tr>
{% endfor %}
</tbody>
</table>
</div>
{% endif %}
</main>
<footer>SecuProbe Security Scan {{ version }}</footer>
</body>
</html>
"""  # noqa: E501

_RUNNING = """\
<title>SecuProbe estate: no verdict yet</title>
</head>
<body>
<header><h1>SecuProbe estate: <span>no verdict</span></h1></header>
<main><p class="note">The sites were being scanned when this was written. Where it stays so, the run was killed.</p></main>
<footer>SecuProbe Security Scan {{ version }}</footer>
</body>
</html>
"""

_MARKED_HEAD = HEAD.replace("<head>\n", "<head>\n{{ mark | safe }}\n", 1)

TEMPLATE = _MARKED_HEAD + _STYLE + _PAGE
"""The page of an estate."""

RUNNING_TEMPLATE = _MARKED_HEAD + _RUNNING
"""The same while its scans run."""

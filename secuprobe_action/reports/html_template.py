"""The HTML report's templates: Jinja2, autoescaped."""

HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root {
  color-scheme: light dark;
  --page: #f5f6fa; --card: #fff; --text: #1c2333; --soft: #566079; --line: #dfe3ee; --link: #3246c8; --track: #e7eaf3;
  --pass: #11734b; --fail: #b3192f;
  --unknown: #4d5568; --critical: #7a1fa2; --high: #b3192f; --medium: #a34a00; --low: #7d6200; --info: #1f5fb0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11141d; --card: #1a1f2c; --text: #e8ebf5; --soft: #a4adc4; --line: #2e3548; --link: #9db0ff; --track: #2a3144;
    --pass: #5fd3a0; --fail: #ff8a98;
    --unknown: #b6bed2; --critical: #d79bf2; --high: #ff8a98; --medium: #ffb070; --low: #e6cd6a; --info: #8dbdff;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif }
main, header, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem }
header { padding-top: 2.25rem }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2 }
h1 span { color: var(--fail) } h1 .passed { color: var(--pass) }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .8rem }
a { color: var(--link) }
code, .url { font-family: ui-monospace, SFMono-Regular, Menlo, monospace; font-size: .92em; overflow-wrap: anywhere }
.reason { margin: .4rem 0 0; font-size: 1.1rem } .meta { margin: .5rem 0 0; color: var(--soft) }
.cards { display: grid; grid-template-columns: minmax(14rem, 1fr) 2fr; gap: 1rem; margin-top: 1.6rem }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.1rem 1.3rem }
.card h2 { margin: 0 0 .6rem; font-size: 1rem; color: var(--soft); font-weight: 600 }
.gauge { display: block; width: 100%; max-width: 15rem; margin: 0 auto }
.gauge .track { stroke: var(--track) } .gauge .value { stroke: var(--link) } .gauge text { fill: var(--text) }
.gauge .of { fill: var(--soft) }
.chart { width: 100%; border-collapse: collapse } .chart th { text-align: left; font-weight: 600; padding: .22rem 1.2rem .22rem 0; white-space: nowrap; width: 1% }
.chart td { padding: .22rem 0 } .chart .number { text-align: right; padding-left: .8rem; font-variant-numeric: tabular-nums; width: 1% }
.chart svg { display: block; width: 100%; height: .85rem }
.chart rect.track { fill: var(--track) }
.trend { margin-top: 1rem } .trend svg { display: block; width: 100%; font-size: 11px }
.trend text { fill: var(--soft) } .trend .grid { stroke: var(--line) } .trend polyline { fill: none; stroke: var(--link); stroke-width: 2 } .trend circle { fill: var(--link) }
.note { background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--medium); border-radius: 8px; padding: .7rem 1rem; margin: .7rem 0 }
.message { white-space: pre-wrap; overflow-wrap: anywhere }
.filters { display: flex; flex-wrap: wrap; gap: .5rem 1.1rem; border: 1px solid var(--line); border-radius: 10px; background: var(--card); padding: .5rem 1rem .7rem; margin: 0 0 1rem }
.filters legend { padding: 0 .4rem; color: var(--soft) }
.filters label { display: inline-flex; align-items: center; gap: .4rem; min-height: 1.75rem }
.finding { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: .5rem 0 }
.finding summary { cursor: pointer; padding: .7rem 1rem; display: grid; grid-template-columns: 7.5rem 1fr auto; gap: .9rem; align-items: baseline }
.finding summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 10px }
.finding .title { font-weight: 600; overflow-wrap: anywhere } .finding .category { color: var(--soft); text-align: right; overflow-wrap: anywhere }
.finding .body { padding: 0 1rem 1rem; border-top: 1px solid var(--line) } .finding h3 { font-size: .95rem; margin: .9rem 0 .2rem }
.finding p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }
.severity { font-weight: 700; text-transform: capitalize } .tag { border: 1px solid currentColor; border-radius: 99px; padding: 0 .5rem; font-size: .8rem; font-weight: 600; margin-left: .4rem; color: var(--soft); white-space: nowrap }
.tag.gating { color: var(--fail) }
.unknown { color: var(--unknown); fill: var(--unknown) } .critical { color: var(--critical); fill: var(--critical) }
.high { color: var(--high); fill: var(--high) } .medium { color: var(--medium); fill: var(--medium) }
.low { color: var(--low); fill: var(--low) } .info { color: var(--info); fill: var(--info) }
footer { color: var(--soft); font-size: .9rem; padding-top: 2rem; padding-bottom: 2.5rem }
@media (max-width: 44rem) {
  .cards { grid-template-columns: 1fr } .finding summary { grid-template-columns: 1fr; gap: .1rem } .finding .category { text-align: left }
}
@media print {
  :root { --page: #fff; --card: #fff } body { font-size: 11pt } .filters { display: none } .finding, .card, .note { break-inside: avoid }
  .finding::details-content { content-visibility: visible; display: block } .finding summary { list-style: none }
}
</style>
"""  # noqa: E501  # a template's lines are as long as its elements
"""What every page begins with."""

_JUDGED = """\
<title>SecuProbe: {{ "passed" if verdict.passed else "failed" }}{% if report.url %} · {{ report.url | line(200) }}{% endif %}</title>
<style>
{% for severity in listed %}
body:has(#show-{{ severity.label }}:not(:checked)) .finding[data-severity="{{ severity.label }}"] { display: none }
{% endfor %}
{% if verdict.baseline %}
body:has(#only-new:checked) .finding:not([data-change="new"]) { display: none }
{% endif %}
</style>
</head>
<body>
<header>
<h1>SecuProbe: <span class="{{ 'passed' if verdict.passed else 'failed' }}">{{ "passed" if verdict.passed else "failed" }}</span></h1>
<p class="reason">{{ verdict.reason | line | capitalize_first }}.</p>
<p class="meta">{% if report.url %}<span class="url">{{ report.url | line(500) }}</span>{% if site %} as {{ site | line(200) }}{% endif %} · {% endif %}{{ finished_at }} · took {{ duration }} · scan <code>{{ report.scan_id | line }}</code> · <a href="{{ link }}">full report</a></p>
</header>
<main>
<div class="cards">
<section class="card" aria-labelledby="score"><h2 id="score">SecuScore</h2>
<svg class="gauge" viewBox="0 0 140 84" role="img" aria-label="SecuScore {{ score if score is not none else 'not given' }}{% if score is not none %} of 100{% endif %}">
<path class="track" d="M 16 74 A {{ gauge_radius }} {{ gauge_radius }} 0 0 1 124 74" fill="none" stroke-width="12" stroke-linecap="round"/>
{% if score is not none %}
<path class="value" d="M 16 74 A {{ gauge_radius }} {{ gauge_radius }} 0 0 1 124 74" fill="none" stroke-width="12" stroke-linecap="round" stroke-dasharray="{{ '%.1f' | format(gauge_filled) }} {{ '%.1f' | format(gauge_arc * 2) }}"/>
{% endif %}
<text x="70" y="66" text-anchor="middle" font-size="{{ 30 if score is not none else 15 }}" font-weight="700">{{ score if score is not none else "not given" }}</text>
{% if score is not none %}<text class="of" x="70" y="80" text-anchor="middle" font-size="10">of 100</text>{% endif %}
</svg>
{% if verdict.baseline and verdict.baseline.score is not none and report.score is not none %}
<p class="meta">{{ "%+.10g" | format(report.score - verdict.baseline.score) }} since the baseline</p>
{% endif %}
</section>
<section class="card" aria-labelledby="severities"><h2 id="severities">Findings by severity</h2>
<table class="chart"><thead hidden><tr><th scope="col">Severity</th><th scope="col">Chart</th><th scope="col">Findings</th></tr></thead><tbody>
{% for bar in bars %}
<tr><th scope="row" class="{{ bar.severity.label }}">{{ bar.severity.label | capitalize }}</th>
<td aria-hidden="true"><svg preserveAspectRatio="none" viewBox="0 0 100 10"><rect class="track" width="100" height="10" rx="2"/><rect class="{{ bar.severity.label }}" width="{{ '%.2f' | format(bar.percent) }}" height="10" rx="2"/></svg></td>
<td class="number">{{ "{:,}".format(bar.count) }}</td></tr>
{% endfor %}
</tbody></table>
</section>
</div>
{% if trend %}
<section class="card trend" aria-labelledby="trend"><h2 id="trend">SecuScore, {{ trend.text }}</h2>
<svg viewBox="-34 -8 {{ chart_width + 68 }} {{ chart_height + 16 }}" role="img" aria-label="SecuScore from run to run, the oldest first: {% for score in trend.scores %}{{ "none" if score is none else score | number }}{{ ", " if not loop.last else "." }}{% endfor %}">
{% for score in (0, 50, 100) %}
<line class="grid" x1="0" x2="{{ chart_width }}" y1="{{ chart_height * (1 - score / 100) }}" y2="{{ chart_height * (1 - score / 100) }}"/><text x="-8" y="{{ chart_height * (1 - score / 100) + 4 }}" text-anchor="end">{{ score }}</text>
{% endfor %}
{% for line in trend.lines %}
<polyline points="{% for x, y in line %}{{ x }},{{ y }} {% endfor %}"/>
{% for x, y in line %}
<circle cx="{{ x }}" cy="{{ y }}" r="3"/>
{% endfor %}
{% endfor %}
</svg></section>
{% endif %}
{% for warning in verdict.warnings %}
<p class="note"><strong>Warning:</strong> {{ warning | line }}</p>
{% endfor %}
{% for notice in verdict.notices %}
<p class="note"><strong>Note:</strong> {{ notice | line }}</p>
{% endfor %}
{% if verdict.baseline %}
<h2>Since the baseline</h2>
<p>{{ verdict.new | length | plural("new finding") }} and {{ verdict.fixed | length }} fixed, against scan <code>{{ verdict.baseline.scan_id | line }}</code>{% if verdict.baseline.commit %} of commit <code>{{ verdict.baseline.commit[:12] | line }}</code>{% endif %}{% if baseline_age %}, {{ baseline_age }} old{% endif %}.</p>
{% if verdict.fixed %}
<ul>
{% for finding in verdict.fixed %}
<li><span class="severity {{ finding.severity.label }}">{{ finding | label }}</span> <s>{{ (finding.title or "no title") | line(300) }}</s> <span class="tag">fixed</span></li>
{% endfor %}
</ul>
{% endif %}
{% endif %}
<h2>Findings</h2>
{% if not verdict.findings %}
<p>{{ "The list of findings could not be read; the counts above are all that is known." if report.findings is none else "Nothing was found." }}</p>
{% else %}
<fieldset class="filters"><legend>Show</legend>
{% for severity in listed %}
<label><input type="checkbox" id="show-{{ severity.label }}" checked> {{ severity.label | capitalize }}</label>
{% endfor %}
{% if verdict.baseline %}<label><input type="checkbox" id="only-new"> Only new ones</label>{% endif %}
</fieldset>
{% for assessed in verdict.findings %}
{% set finding = assessed.finding %}
<details class="finding" data-severity="{{ finding.severity.label }}"{% if assessed.change %} data-change="{{ assessed.change.value }}"{% endif %}>
<summary><span class="severity {{ finding.severity.label }}">{{ assessed | label }}</span>
<span class="title">{{ (finding.title or "No title") | line(300) }}{% if assessed.fails %}<span class="tag gating">fails the check</span>{% endif %}{% if assessed.change and assessed.change.value == "new" %}<span class="tag">new</span>{% endif %}{% if assessed.since and assessed.since.text not in ("", "new") %}<span class="tag">{{ assessed.since.text }}</span>{% endif %}{% if assessed.accepted %}<span class="tag">accepted</span>{% endif %}</span>
<span class="category">{{ (finding.category or "No category") | line(300) }}</span></summary>
<div class="body">
{% if assessed.accepted %}<h3>Accepted because</h3><p>{{ assessed.accepted.reason | lines }}{% if assessed.accepted.expires %} (until {{ assessed.accepted.expires }}){% endif %}</p>{% endif %}
<h3>Description</h3><p>{{ (finding.description or "None was given.") | lines }}</p>
<h3>Remediation</h3><p>{{ (finding.remediation or "None was given.") | lines }}</p>
</div></details>
{% endfor %}
{% endif %}
</main>
<footer>SecuProbe Security Scan {{ version }}</footer>
</body>
</html>
"""  # noqa: E501

_TROUBLE = """\
<title>{{ title | line(100) }}{% if url %} · {{ url | line(200) }}{% endif %}</title>
</head>
<body>
<header>
<h1>SecuProbe: <span>no verdict</span></h1>
<p class="reason">{{ title | line }}</p>
<p class="meta">{% if url %}<span class="url">{{ url | line(500) }}</span> · {% endif %}{{ finished_at }}{% if scan_id %} · scan <code>{{ scan_id | line }}</code>{% endif %}{% if link %} · <a href="{{ link }}">full report</a>{% endif %}</p>
</header>
<main>
<p class="note message">{{ message | lines }}</p>
</main>
<footer>SecuProbe Security Scan {{ version }}</footer>
</body>
</html>
"""  # noqa: E501

TEMPLATE = HEAD + _JUDGED
"""The page of a judged scan."""

TROUBLE_TEMPLATE = HEAD + _TROUBLE
"""The page of a run that came to no verdict."""

"""The pages of the applications of Flask and Quart."""

from __future__ import annotations

TEMPLATES = {
    "waits.html": "<h1>{{ request.args.q }}</h1>\n{% flush %}{{ wait() }}{{ g.user }}",
    "endless.html": "{% for n in numbers %}{{ n }} {{ g.user }}\n{% endfor %}",
    "fails.html": "{% for n in numbers %}{{ n }}\n{% endfor %}\n{{ 1 // 0 }}",
    "early.html": "<h1>{{ 1 // 0 }}</h1>",
    "mine.html": "{% for n in range(2000) %}{{ request.args.q }}{{ g.user }} {% endfor %}",
}

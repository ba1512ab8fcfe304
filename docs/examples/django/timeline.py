"""A timeline that visibly streams: a Django project in one file.

Start it under WSGI or ASGI, and open http://127.0.0.1:8000/ in a browser:

    python docs/examples/django/timeline.py runserver
    uvicorn --app-dir docs/examples/django timeline:application
"""

import os
import time
from pathlib import Path

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.urls import path

from streamtmpl.django.response import StreamTemplateResponse

settings.configure(
    DEBUG=True,
    SECRET_KEY=os.environ.get("SECRET_KEY", "for an example"),
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    ROOT_URLCONF=__name__,
    WSGI_APPLICATION=f"{__name__}.wsgi",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.jinja2.Jinja2",
            "DIRS": [Path(__file__).parent / "templates"],
            "OPTIONS": {"environment": "streamtmpl.django.environment"},
        }
    ],
)
django.setup()


def events():
    """What happens, as it happens: a slow source."""
    for number in range(1, 11):
        time.sleep(0.3)
        yield {"number": number, "time": time.strftime("%H:%M:%S")}


def timeline(request):
    return StreamTemplateResponse(request, "timeline.html", {"events": events()})


urlpatterns = [path("", timeline)]
application = get_asgi_application()
wsgi = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line()

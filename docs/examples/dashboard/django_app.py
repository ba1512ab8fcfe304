"""The dashboard in Django, a project in one file: its regions are rendered in threads.

python docs/examples/dashboard/django_app.py runserver
uvicorn --app-dir docs/examples/dashboard django_app:application
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django
import shop
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.urls import path

from streamtmpl.django import StreamTemplateResponse

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
    STREAMTMPL_EXECUTOR=ThreadPoolExecutor(12, thread_name_prefix="regions"),
)
django.setup()


def dashboard(request):
    context = {
        "framework": "Django",
        "query": shop.query,
        "elapsed": shop.stopwatch(),
        "fail": "fail" in request.GET,
    }
    return StreamTemplateResponse(request, "dashboard.html", context)


urlpatterns = [path("", dashboard)]
application = get_asgi_application()
wsgi = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line()

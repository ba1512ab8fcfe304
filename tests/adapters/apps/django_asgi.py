"""The project as an ASGI application."""

from django.core.asgi import get_asgi_application

from . import django_app

assert django_app.urlpatterns
application = get_asgi_application()

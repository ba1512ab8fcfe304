"""The project as a WSGI application."""

from django.core.wsgi import get_wsgi_application

from . import django_app

assert django_app.urlpatterns
application = get_wsgi_application()

"""What tests of Django's adapter share."""

from __future__ import annotations

import logging

import pytest

pytest.importorskip("django", reason="Django is not installed: pip install streamtmpl[django]")

from django.test import (
    RequestFactory,
)

from streamtmpl.django.response import StreamTemplateResponse

from .apps import django_gates


@pytest.fixture(name="folder", autouse=True)
def make_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(django_gates, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture(name="logged")
def make_logged(caplog):
    caplog.set_level(logging.WARNING, logger="streamtmpl")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "streamtmpl"]


def response_to(path: str = "/", template="gated.html", context=None, **options):
    request = RequestFactory().get(path)
    return StreamTemplateResponse(request, template, context, **{"using": "jinja2", **options})

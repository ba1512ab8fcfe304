"""A stream from Pyramid: run it with the port, ``python pyramid_app.py 8000``."""

import sys

from pyramid.config import Configurator
from timeline import events, template
from waitress import serve

from streamtmpl.wsgi import StreamResponse


def order(request):
    response = StreamResponse(template, {"number": request.matchdict["number"], "events": events()})
    return request.get_response(response)


with Configurator() as config:
    config.add_route("order", "/{number}")
    config.add_view(order, route_name="order")
    app = config.make_wsgi_app()

if __name__ == "__main__":
    serve(app, host="127.0.0.1", port=int(sys.argv[1]))

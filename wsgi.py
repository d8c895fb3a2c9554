"""`gunicorn wsgi:server`; no logic."""

from dashapp.config import load_settings
from dashapp.factory import create_server

server = create_server(load_settings())

"""The configuration, parsed and validated once."""

from signward_server.config.addresses import Endpoint
from signward_server.config.load import load
from signward_server.config.problems import ConfigurationError, Problem
from signward_server.config.schema import Settings

__all__ = ["ConfigurationError", "Endpoint", "Problem", "Settings", "load"]

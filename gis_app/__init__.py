"""Jingwei 经纬: this package's top level holds the version only, so that a notebook imports analysis without Flask."""

__version__ = "0.1.0"

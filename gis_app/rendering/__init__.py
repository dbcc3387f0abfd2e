"""Folium pages and layer specifications; asks no database."""

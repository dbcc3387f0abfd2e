from pathlib import Path

import pytest

from gis_app.domain.errors import InvalidInput
from gis_app.settings import Settings


def test_settings_are_read_from_the_environment():
    settings = Settings.from_environment(
        {"JINGWEI_HOME": "/srv/jw", "JINGWEI_PORT": "8123", "DATABASE_URL": "postgresql://x/y"}
    )
    assert (settings.home, settings.port, settings.database_url) == (Path("/srv/jw"), 8123, "postgresql://x/y")


def test_unset_and_empty_variables_keep_their_defaults():
    settings = Settings.from_environment({"HOME": "/home/a", "DATABASE_URL": "", "JINGWEI_PORT": ""})
    assert (settings.host, settings.port, settings.database_url, settings.metric_srid) == (
        "127.0.0.1",
        8000,
        None,
        4549,
    )


def test_a_port_that_is_no_number_names_the_variable():
    with pytest.raises(InvalidInput) as caught:
        Settings.from_environment({"HOME": "/home/a", "JINGWEI_PORT": "80a"})
    assert caught.value.message == "JINGWEI_PORT is '80a', not a whole number."

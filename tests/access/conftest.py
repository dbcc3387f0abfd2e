"""The application on the planted city, and who calls it."""

import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from gis_app import paths
from gis_app.domain.rights import Role
from gis_app.rendering.layer_spec import load_layers
from gis_app.services import accounts
from gis_app.services.accounts import AccountWish
from gis_app.services.gate import Gate
from gis_app.settings import Settings
from gis_app.storage.engine import make_engine, system_scope
from gis_app.storage.file_store import FileStore
from gis_app.storage.read_only_sql import grant_views
from gis_app.web import create_app
from tests.access.asks import objects_of
from tests.access.places import CITY, PLACES, WEST, WEST_VILLAGE, Place, place_of
from tests.access.planted_city import NOW, import_file, picture_content, plant
from tests.callers import PASSWORD, ReadingClient, account_in, logged_in
from tests.services.test_basemaps import RED, pmtiles

LEVELS = {"village": WEST_VILLAGE, "township": WEST, "city": CITY}
ROLES = (Role.SUPERVISOR, Role.DISPATCHER, Role.ADMINISTRATOR)
"""Together they hold every right."""
_NUMBERS = count(1)


@dataclass(frozen=True)
class City:
    """A planted city: the engine of the app's role, and one that sees everything."""

    app: Engine
    superuser: Engine


@dataclass(frozen=True)
class Caller:
    """Somebody with a browser: who is not logged in, or no longer, has no home."""

    name: str
    client: FlaskClient
    home: Place | None
    role: Role | None = None


@pytest.fixture(scope="session")
def planted_template(migrated_template, clone):
    urls = clone(migrated_template)
    superuser = make_engine(urls.superuser_url, pool_size=1)
    with superuser.begin() as connection:
        plant(connection)
        assert grant_views(connection, [layer.source for layer in load_layers(paths.layers())])
        name = connection.execute(text("SELECT current_database()")).scalar_one()
    superuser.dispose()
    return name


@pytest.fixture(scope="session")
def planted_pictures(tmp_path_factory):
    """The pictures of the planted city as the application keeps them, written to the disk once."""
    folder = tmp_path_factory.mktemp("planted") / "pictures"
    store = FileStore(folder)
    for place in PLACES:
        for number in range(place.rows):
            store.put(picture_content(place, number))
    return folder


@pytest.fixture(scope="session")
def make_app(tmp_path_factory, planted_pictures):
    """Make the application on a city, with a basemap of the operator's."""
    basemap = pmtiles(tmp_path_factory.mktemp("maps") / "city.pmtiles", {(0, 0, 0): RED})

    def make(city, *, now=lambda: NOW, **settings):
        home = tmp_path_factory.mktemp("home")
        app = create_app(Settings(home=home, basemaps=(basemap,), **settings), city.app, now=now)
        shutil.copytree(planted_pictures, home / "pictures", dirs_exist_ok=True)
        _keep_import_files(city, app.extensions["jingwei"].imports)
        app.test_client_class = ReadingClient
        return app

    return make


def _keep_import_files(city, files):
    with city.superuser.connect() as connection:
        rows = connection.execute(text("SELECT id, file_name, scope_path, state FROM import_job")).all()
    for row in rows:
        place = place_of(row.scope_path.strip("/").rpartition("/")[2])
        content, refused = import_file(row.file_name, round(place.east - 0.05, 3))
        if row.state != "uploading":
            files.put(row.id, row.file_name, content, offset=0)
            files.refused_rows(row.id).write_bytes(refused)


@pytest.fixture(scope="module")
def make_city(planted_template, clone):
    """Make a planted city that nobody else uses."""
    made = []

    def make(*, pool_size=4):
        urls = clone(planted_template)
        made.append(City(make_engine(urls.app_url, pool_size=pool_size), make_engine(urls.superuser_url)))
        return made[-1]

    yield make
    for city in made:
        city.app.dispose()
        city.superuser.dispose()


@pytest.fixture(scope="module")
def city(make_city):
    """A planted city for one module."""
    return make_city()


class Clock:
    """A clock that tests set forward."""

    def __init__(self):
        self.moment = NOW

    def __call__(self):
        return self.moment

    def pass_by(self, **time):
        self.moment += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def strict_app(make_app, city, clock):
    """The application on a clock of the test's, whose gate trusts no answer of the database for a moment."""
    app = make_app(city, now=clock)
    state = app.extensions["jingwei"]
    app.extensions["jingwei"] = replace(state, gate=Gate(city.app, clock, trusted_s=0))
    return app


@pytest.fixture
def make_account(strict_app):
    """Make an account that no other test uses and return its login."""

    def make(role=Role.SUPERVISOR, place=WEST):
        login = f"desk-{next(_NUMBERS)}"
        ledger = strict_app.extensions["jingwei"].ledger
        accounts.create(ledger, system_scope("test"), AccountWish(login, role, place.word), password=PASSWORD)
        return login

    return make


@pytest.fixture
def make_member(strict_app, make_account):
    """Make an account and a browser that is logged in with it."""

    def make(role=Role.SUPERVISOR, place=WEST):
        login = make_account(role, place)
        return login, logged_in(strict_app.test_client(), login)

    return make


@pytest.fixture(scope="module")
def app(make_app, city):
    return make_app(city)


@pytest.fixture(scope="module")
def log_in_as(app, city):
    """Log in as a role in an area."""

    def log_in(role, place):
        return logged_in(app.test_client(), account_in(city.app, app, place.path, role))

    return log_in


@pytest.fixture(scope="module")
def objects(city):
    with city.superuser.connect() as connection:
        return objects_of(connection)


@pytest.fixture(scope="module")
def callers(app, city, log_in_as):
    """Everybody: three levels by three roles that together hold every right, a disabled account, and nobody."""
    made = [
        Caller(f"{level} {role.value}", log_in_as(role, home), home, role)
        for level, home in LEVELS.items()
        for role in ROLES
    ]
    login = account_in(city.app, app, CITY.path, Role.PATROL_PLANNER)
    disabled = logged_in(app.test_client(), login)
    # Before its first request, so that the gate never knew it otherwise.
    accounts.set_active(app.extensions["jingwei"].ledger, system_scope("test"), login, is_active=False)
    return [*made, Caller("disabled", disabled, None), Caller("anonymous", app.test_client(), None)]

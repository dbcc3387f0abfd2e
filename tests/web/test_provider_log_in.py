"""Logging in through a certified OpenID Connect provider, and through the same one with its answers changed."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import text
from werkzeug.serving import make_server

from gis_app.domain.errors import Conflict, Forbidden, InvalidInput
from gis_app.domain.rights import Role
from gis_app.services import accounts
from gis_app.services.accounts import AccountWish
from gis_app.services.identity_provider import Identity
from gis_app.services.provider_log_in import log_in as log_in_as
from gis_app.storage.engine import scoped, system_scope
from gis_app.web import provider_log_in

# Signs that mean something in addresses and in the header that carries a secret.
SECRET = "s%3A:/+ &=~ and more than thirty-two signs"
CALLBACK = "http://localhost/login/callback"
TOWN, OTHER_TOWN = "330381001", "330381002"
NO_ACCOUNT = "This identity has no account here."
NOT_TRUSTED = "could not be trusted"
NOT_LEFT = "began in another browser or window"
ALGORITHMS = ("RS256", "ES256", "PS256")
_numbers = count(1)


class Provider:
    """The provider behind a door that lets everything through, unless a test changes or cuts an answer."""

    def __init__(self):
        # Where a test's application may listen: the provider sends browsers back to addresses it knows beforehand.
        self.way_back = socket.create_server(("127.0.0.1", 0))
        self.keys = {
            "RS256": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
            "ES256": ECKey.generate_key("P-256", {"kid": "ec", "use": "sig"}),
        }
        self.changes, self.cut, self.statuses, self.asked = {}, set(), {}, Counter()
        self.authorization = {}
        self._door = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._door.server_port}"
        serve = self._door.serve_forever
        self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        self._process = self._started()

    def close(self):
        self._process.communicate(timeout=10)
        self._door.shutdown()
        self._thread.join()
        self._door.server_close()
        self.way_back.close()

    def changing(self, path, change):
        """Let a function make another answer of the one the provider gives at a path."""
        self.changes[path] = change

    def signing(self, *, header=None, key=None, **claims):
        """Sign other claims with the provider's own key or another one; None leaves a claim out."""

        def change(tokens):
            own = self.keys["RS256"]
            changed = jwt.decode(tokens["id_token"], own, algorithms=["RS256"]).claims | claims
            kept = {name: value for name, value in changed.items() if value is not None}
            chosen = {"alg": "RS256", "kid": "rsa"} | (header or {})
            signed = jwt.encode(chosen, kept, key or own, algorithms=[chosen["alg"]])
            return tokens | {"id_token": signed}

        self.changing("/token", change)

    def _started(self):
        own_address = f"http://localhost:{self.way_back.getsockname()[1]}"
        common = {"client_secret": SECRET, "redirect_uris": [CALLBACK, f"{own_address}/login/callback"]}
        clients = [
            *(
                common | {"client_id": f"jingwei-{algorithm}", "id_token_signed_response_alg": algorithm}
                for algorithm in (*ALGORITHMS, "HS256")
            ),
            *(
                common | {"client_id": f"jingwei-{proof}", "token_endpoint_auth_method": proof}
                for proof in ("client_secret_post", "none")
            ),
        ]
        keys = [key.as_dict(private=True) for key in self.keys.values()]
        config = json.dumps({"issuer": self.address, "clients": clients, "keys": keys})
        node = shutil.which("node") or Path(sys.executable).with_name("node")
        script = Path(__file__).with_name("provider.mjs")
        process = subprocess.Popen([node, script, config], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(next(line for line in process.stdout if line.startswith("port ")).split()[1])
        return process

    def _handler(self):
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider._pass_on(self)

            do_POST = do_GET  # noqa: N815 - the server looks for this name

            def log_message(self, *args):
                pass

        return Handler

    def _pass_on(self, request):
        path = urlsplit(request.path).path
        self.asked[path] += 1
        self.authorization[path] = request.headers.get("Authorization")
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if path in self.cut:
            return
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as behind:
            behind.request(request.command, request.path, body, dict(request.headers))
            answer = behind.getresponse()
            content = answer.read()
        if path in self.changes and answer.status == 200:
            changed = self.changes[path](json.loads(content))
            content = changed if isinstance(changed, bytes) else json.dumps(changed).encode()
        status = answer.status if "?again" in request.path else self.statuses.get(path, answer.status)
        request.send_response(status)
        if status != answer.status:
            request.send_header("Location", f"{self.address}{path}?again")
            content = b"" if status == 302 else content
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "keep-alive", "date"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


@pytest.fixture(scope="module")
def running():
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def provider(running):
    running.changes.clear()
    running.cut.clear()
    running.statuses.clear()
    running.asked.clear()
    return running


@pytest.fixture
def make_visitor(make_app, provider):
    """Make a browser at an application of its own, which knows the provider and a clock that can be put forward."""

    def make(*, algorithm="RS256", ahead=timedelta(0), **settings):
        clock = {"ahead": ahead}
        chosen = {"oidc_issuer": provider.address, "oidc_client": f"jingwei-{algorithm}", "oidc_secret": SECRET}
        app = make_app(now=lambda: datetime.now(UTC) + clock["ahead"], **(chosen | settings))
        client = app.test_client()
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        client.clock = clock
        return client

    return make


@pytest.fixture
def visitor(make_visitor):
    return make_visitor()


@pytest.fixture
def make_account(visitor):
    """Make an account, without a password unless one is given, and return its login."""

    def make(area=TOWN, *, password=None):
        login = f"desk-{next(_numbers)}"
        ledger, wish = visitor.application.extensions["jingwei"].ledger, AccountWish(login, Role.SUPERVISOR, area)
        accounts.create(ledger, system_scope("test"), wish, password=password, local=password is not None)
        return login

    return make


def leave(visitor, **query):
    answer = visitor.get("/login/provider", query_string=query)
    assert answer.status_code == 302
    return answer.location


def at_provider(address, who, *, cancels=False):
    """Log in at the provider's own pages and return where it sends the visitor."""
    with requests.Session() as session:
        page = session.get(address, timeout=30)
        assert page.status_code == 200, page.text
        if cancels:
            answer = session.get(f"{page.url}/abort", allow_redirects=False, timeout=30)
        else:
            data = {"prompt": "login", "login": who, "password": "any"}
            consent = session.post(page.url, data=data, timeout=30)
            answer = session.post(consent.url, data={"prompt": "consent"}, allow_redirects=False, timeout=30)
        answer = session.get(answer.headers["Location"], allow_redirects=False, timeout=30)
    assert answer.headers["Location"].startswith(CALLBACK), answer.text
    return answer.headers["Location"].removeprefix("http://localhost")


def log_in(visitor, who, **query):
    return visitor.get(at_provider(leave(visitor, **query), who))


def is_logged_in(visitor):
    return visitor.get("/api/kpi").status_code == 200


def assert_refused(visitor, answer, status, words):
    page = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert words in page
    assert 'action="/login"' in page
    assert visitor.get_cookie("jingwei_session") is None
    assert visitor.get("/api/kpi").status_code == 401


def subject_of(engine, login):
    with scoped(engine, system_scope()) as connection:
        query = text("SELECT oidc_subject FROM account WHERE login = :login")
        return connection.execute(query, {"login": login}).scalar_one()


def entries_of(engine, login):
    with scoped(engine, system_scope()) as connection:
        query = text("SELECT action, account, detail FROM audit_entry WHERE subject = :subject ORDER BY sequence")
        return [tuple(row) for row in connection.execute(query, {"subject": f"account:{login}"})]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_who_proves_an_identity_is_logged_in_as_the_account_it_names(make_visitor, make_account, algorithm):
    login, other = make_account(TOWN), make_account(OTHER_TOWN)
    found = {}
    for each in (login, other):
        visitor = make_visitor(algorithm=algorithm)
        answer = log_in(visitor, f"s~{each}")
        assert (answer.status_code, answer.location) == (303, "/")
        found[each] = visitor.get("/api/search?q=安阳小学").get_json()
    assert "安阳小学" not in json.dumps(found[login], ensure_ascii=False)
    assert "安阳小学" in json.dumps(found[other], ensure_ascii=False)


@pytest.mark.parametrize(("proof", "secret"), [("client_secret_post", SECRET), ("none", "")])
def test_a_client_proves_itself_as_the_provider_wants(make_visitor, make_account, provider, proof, secret):
    described = "/.well-known/openid-configuration"
    provider.changing(described, lambda told: told | {"token_endpoint_auth_methods_supported": [proof]})
    visitor = make_visitor(oidc_client=f"jingwei-{proof}", oidc_secret=secret)
    assert log_in(visitor, f"s~{make_account()}").status_code == 303
    assert provider.authorization["/token"] is None


@pytest.mark.browser
def test_chromium_goes_to_the_provider_and_comes_back_logged_in(serving, chromium, make_account):
    login = make_account()
    # By name: to a browser that is another site than the provider's, so that it keeps back cookies that are strict.
    page = chromium.new_page(base_url=serving, locale="en-GB")
    page.goto("/login?next=/account")
    page.click("text=Log in with the city's identity provider")
    page.fill("[name=login]", f"s~{login}")
    page.fill("[name=password]", "any")
    page.click("[type=submit]")
    page.click("[type=submit]")
    page.wait_for_url("**/account")
    assert login in page.inner_text("main")
    assert {each["name"] for each in page.context.cookies(page.url)} == {"jingwei_session"}


@pytest.fixture
def serving(make_visitor, provider):
    """The address of an application that listens where the provider sends browsers back to."""
    listening = provider.way_back
    server = make_server("localhost", 0, make_visitor().application, threaded=True, fd=listening.fileno())
    running = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    running.start()
    yield f"http://localhost:{listening.getsockname()[1]}"
    server.shutdown()
    running.join()
    server.server_close()


@pytest.fixture
def chromium(browser):
    """A second Chromium, which finds this machine by its name too."""
    rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    flags = ["--headless", "--no-sandbox", "--disable-background-networking", rules]
    running = browser.browser_type.launch(executable_path="/usr/bin/chromium", args=flags)
    yield running
    running.close()


def test_the_claim_is_compared_in_lower_case(visitor, make_account):
    login = make_account()
    assert log_in(visitor, f"s~{login.upper()}").status_code == 303
    assert is_logged_in(visitor)


def test_an_account_is_bound_at_the_first_log_in_and_the_audit_tells_it(visitor, make_account, provider, engine):
    login = make_account()
    log_in(visitor, f"s~{login}")
    subject = f"{provider.address} s~{login}"
    assert subject_of(engine, login) == subject
    assert entries_of(engine, login)[1:] == [
        ("account.bind", login, {"identity": subject}),
        ("log_in.succeed", login, {"way": "oidc"}),
    ]
    visitor.delete_cookie("jingwei_session")
    log_in(visitor, f"s~{login}")
    assert [action for action, *_ in entries_of(engine, login)[3:]] == ["log_in.succeed"]


def test_an_account_parted_from_its_identity_takes_another_one(visitor, make_account, provider, engine):
    login, ledger = make_account(), visitor.application.extensions["jingwei"].ledger
    log_in(visitor, f"s~{login}")
    accounts.unbind(ledger, system_scope("test"), login)
    assert subject_of(engine, login) is None
    visitor.delete_cookie("jingwei_session")
    provider.changing("/me", lambda told: told | {"preferred_username": login})
    log_in(visitor, "s~successor")
    assert subject_of(engine, login) == f"{provider.address} s~successor"
    with pytest.raises(Conflict):
        accounts.unbind(ledger, system_scope("test"), make_account(OTHER_TOWN))


def test_a_bound_identity_keeps_its_account_under_another_name(visitor, make_account, provider):
    login, other = make_account(TOWN), make_account(OTHER_TOWN)
    log_in(visitor, f"s~{login}")
    visitor.delete_cookie("jingwei_session")
    provider.changing("/me", lambda told: told | {"preferred_username": other})
    assert log_in(visitor, f"s~{login}").status_code == 303
    assert login in visitor.get("/account").get_data(as_text=True)


def test_the_login_may_be_a_claim_of_the_id_token_under_another_name(make_visitor, make_account, provider):
    login, visitor = make_account(), make_visitor(oidc_login_claim="staff_number")
    provider.signing(staff_number=login)
    assert log_in(visitor, "s~named-otherwise").status_code == 303
    assert is_logged_in(visitor)
    assert provider.asked["/me"] == 0


def test_what_is_told_of_another_user_is_not_believed(visitor, make_account, provider):
    login = make_account()
    provider.changing("/me", lambda told: told | {"sub": "s~somebody"})
    assert_refused(visitor, log_in(visitor, f"s~{login}"), 401, NOT_TRUSTED)


def test_the_log_in_gets_a_new_secret_and_ends_the_earlier_one_of_this_browser(visitor, make_account):
    first, second = make_account(), make_account()
    away = leave(visitor)
    log_in(visitor, f"s~{first}")
    earlier = visitor.get_cookie("jingwei_session").value
    # The first departure's cookie is used up, so the second person leaves in a window that kept none.
    assert visitor.get(at_provider(away, f"s~{second}")).status_code == 401
    visitor.delete_cookie("jingwei_session")
    back = at_provider(leave(visitor), f"s~{second}")
    visitor.set_cookie("jingwei_session", earlier)
    assert visitor.get(back).status_code == 303
    assert visitor.get_cookie("jingwei_session").value != earlier
    visitor.set_cookie("jingwei_session", earlier)
    assert not is_logged_in(visitor)


def test_who_is_logged_in_already_goes_on(visitor, make_account):
    log_in(visitor, f"s~{make_account()}")
    assert visitor.get("/login/provider?next=/account").location == "/account"


def test_the_way_to_the_provider_carries_state_nonce_and_challenge_and_no_secret(visitor, provider):
    address = leave(visitor)
    query = {name: value for name, (value,) in parse_qs(urlsplit(address).query, strict_parsing=True).items()}
    cookie = visitor.get_cookie("jingwei_departure")
    assert address.startswith(f"{provider.address}/auth?")
    assert query.pop("state") and query.pop("nonce")
    secret = cookie.value.split(".")[0]
    verifier = hmac.new(secret.encode(), b"verifier", hashlib.sha256).hexdigest()
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert query == {
        "response_type": "code",
        "client_id": "jingwei-RS256",
        "redirect_uri": CALLBACK,
        "scope": "openid profile",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    assert secret not in address
    assert verifier not in address


def test_the_cookie_is_short_lived_and_closed_to_scripts_and_other_hosts(make_visitor):
    plain = make_visitor().get("/login/provider").headers["Set-Cookie"]
    assert plain.startswith("jingwei_departure=")
    assert {"HttpOnly", "SameSite=Lax", "Max-Age=600", "Path=/"} <= set(plain.split("; "))
    secure = make_visitor().get("/login/provider", base_url="https://localhost").headers["Set-Cookie"]
    assert secure.startswith("__Host-jingwei_departure=")
    assert "Secure" in secure.split("; ")


def test_another_worker_finishes_the_log_in_that_one_began(make_visitor, make_account):
    login, began, finishes = make_account(), make_visitor(), make_visitor()
    back = at_provider(leave(began, next="/account"), f"s~{login}")
    finishes.set_cookie("jingwei_departure", began.get_cookie("jingwei_departure").value)
    assert finishes.get(back).location == "/account"
    assert is_logged_in(finishes)


@pytest.mark.parametrize("state", ["state=other", "state=", "other=1", "state=%ED%A0%80"])
def test_another_state_is_refused(visitor, make_account, state):
    back = at_provider(leave(visitor), f"s~{make_account()}")
    query = dict(part.split("=", 1) for part in urlsplit(back).query.split("&"))
    answer = visitor.get(f"/login/callback?code={query['code']}&iss={query['iss']}&{state}")
    assert_refused(visitor, answer, 401, NOT_LEFT)


def test_without_the_cookie_nobody_comes_back(visitor, make_visitor, make_account):
    back, other = at_provider(leave(visitor), f"s~{make_account()}"), make_visitor()
    assert_refused(other, other.get(back), 401, NOT_LEFT)


@pytest.mark.parametrize("value", ["", "x", "x.y", "x.y.z", "..", "x.1.", f"x.{'9' * 30}./", "秘.9.密", "x.²./"])
def test_a_cookie_that_is_none_is_refused(visitor, make_account, value):
    back = at_provider(leave(visitor), f"s~{make_account()}")
    visitor.set_cookie("jingwei_departure", value)
    assert_refused(visitor, visitor.get(back), 401, NOT_LEFT)


def test_a_changed_cookie_is_refused(visitor, make_account):
    for position, other in ((0, "A" * 43), (1, "9999999999"), (2, "/audit")):
        back = at_provider(leave(visitor, next="/account"), f"s~{make_account()}")
        parts = visitor.get_cookie("jingwei_departure").value.split(".", 2)
        parts[position] = other
        visitor.set_cookie("jingwei_departure", ".".join(parts))
        assert_refused(visitor, visitor.get(back), 401, NOT_LEFT)


def test_after_ten_minutes_it_is_too_late_to_come_back(visitor, make_account):
    login = make_account()
    back = at_provider(leave(visitor), f"s~{login}")
    visitor.clock["ahead"] = timedelta(seconds=provider_log_in.MOST_S + 2)
    assert_refused(visitor, visitor.get(back), 401, NOT_LEFT)


def test_a_callback_counts_once_even_for_who_kept_the_cookie(visitor, make_account):
    away = leave(visitor)
    kept = visitor.get_cookie("jingwei_departure").value
    back = at_provider(away, f"s~{make_account()}")
    assert visitor.get(back).status_code == 303
    assert visitor.get_cookie("jingwei_departure") is None
    visitor.delete_cookie("jingwei_session")
    assert_refused(visitor, visitor.get(back), 401, NOT_LEFT)
    visitor.set_cookie("jingwei_departure", kept)
    assert_refused(visitor, visitor.get(back), 401, NOT_TRUSTED)


def test_the_code_of_another_browser_does_not_log_this_one_in(visitor, make_visitor, make_account):
    stranger = make_visitor()
    stolen = parse_qs(urlsplit(at_provider(leave(stranger), f"s~{make_account()}")).query)["code"][0]
    state = parse_qs(urlsplit(leave(visitor)).query)["state"][0]
    assert_refused(visitor, visitor.get(f"/login/callback?code={stolen}&state={state}"), 401, NOT_TRUSTED)


def test_a_provider_of_another_name_is_refused(visitor, make_account, provider):
    back = at_provider(leave(visitor), f"s~{make_account()}")
    assert quote(provider.address, safe="") in back
    asked = provider.asked["/token"]
    answer = visitor.get(back.replace(quote(provider.address, safe=""), "https%3A%2F%2Fother.example"))
    assert_refused(visitor, answer, 401, "did not log you in")
    assert provider.asked["/token"] == asked


def without_signature(tokens):
    return tokens | {"id_token": f"{coded({'alg': 'none'})}.{tokens['id_token'].split('.')[1]}."}


def changed_after_signing(tokens):
    header, claims, signature = tokens["id_token"].split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return tokens | {"id_token": f"{header}.{coded(told | {'sub': 's~other'})}.{signature}"}


def coded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed_with(secret):
    """Sign by a shared secret where the provider has published a key."""

    def change(tokens):
        content = f"{coded({'alg': 'HS256', 'kid': 'rsa'})}.{tokens['id_token'].split('.')[1]}"
        signature = hmac.new(secret(), content.encode(), hashlib.sha256).digest()
        return tokens | {"id_token": f"{content}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"}

    return change


UNTRUE_TOKENS = {
    "signed with another key": lambda p: p.signing(key=RSAKey.generate_key(2048)),
    "signed with another key it names": lambda p: p.signing(key=RSAKey.generate_key(2048), header={"kid": "other"}),
    "bringing its own key": lambda p: p.signing(
        key=(own := RSAKey.generate_key(2048)), header={"jwk": own.as_dict(private=False), "kid": "own"}
    ),
    "not signed": lambda p: p.changing("/token", without_signature),
    "changed after signing": lambda p: p.changing("/token", changed_after_signing),
    "signed with our secret": lambda p: p.changing("/token", signed_with(SECRET.encode)),
    "signed with the public key": lambda p: p.changing("/token", signed_with(p.keys["RS256"].as_pem)),
    "signed with RS512": lambda p: p.signing(header={"alg": "RS512"}),
    "of another issuer": lambda p: p.signing(iss="https://other.example"),
    "for another client": lambda p: p.signing(aud="other"),
    "for another client, as if we had asked for it": lambda p: p.signing(aud="other", azp="jingwei-RS256"),
    "for nobody": lambda p: p.signing(aud=None),
    "for others too, without saying who asked": lambda p: p.signing(aud=["jingwei-RS256", "other"]),
    "asked for by another client": lambda p: p.signing(azp="other"),
    "expired": lambda p: p.signing(exp=int(time.time()) - 61),
    "without an end": lambda p: p.signing(exp=None),
    "with an end that is no number": lambda p: p.signing(exp="tomorrow"),
    "of the future": lambda p: p.signing(iat=int(time.time()) + 120),
    "without a beginning": lambda p: p.signing(iat=None),
    "with another nonce": lambda p: p.signing(nonce="other"),
    "without a nonce": lambda p: p.signing(nonce=None),
    "of nobody": lambda p: p.signing(sub=None, preferred_username="named"),
    "of an empty name": lambda p: p.signing(sub="", preferred_username="named"),
    "of a number": lambda p: p.signing(sub=7, preferred_username="named"),
    "of a name too long": lambda p: p.signing(sub="s" * 256, preferred_username="named"),
    "with another hash of the access token": lambda p: p.signing(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "with a hash that is no text": lambda p: p.signing(at_hash=7),
    "missing": lambda p: p.changing("/token", lambda tokens: tokens | {"id_token": None}),
    "no token": lambda p: p.changing("/token", lambda tokens: tokens | {"id_token": "a.b"}),
    "a list": lambda p: p.changing("/token", lambda tokens: tokens | {"id_token": [tokens["id_token"]]}),
}


@pytest.mark.parametrize("untrue", UNTRUE_TOKENS)
def test_an_untrue_id_token_logs_nobody_in_and_binds_nothing(visitor, make_account, provider, engine, untrue):
    login = make_account()
    UNTRUE_TOKENS[untrue](provider)
    assert_refused(visitor, log_in(visitor, f"s~{login}"), 401, NOT_TRUSTED)
    assert subject_of(engine, login) is None


def test_an_id_token_signed_anew_with_the_providers_own_key_is_taken(visitor, make_account, provider):
    provider.signing(
        exp=int(time.time()) - 30, iat=int(time.time()) + 30, aud=["jingwei-RS256", "other"], azp="jingwei-RS256"
    )
    assert log_in(visitor, f"s~{make_account()}").status_code == 303


def test_a_provider_that_signs_with_the_shared_secret_is_refused(make_visitor, make_account):
    visitor = make_visitor(algorithm="HS256")
    assert_refused(visitor, log_in(visitor, f"s~{make_account()}"), 401, NOT_TRUSTED)


def test_a_wrong_secret_of_ours_is_refused_by_the_provider(make_visitor, make_account):
    visitor = make_visitor(oidc_secret="another")
    assert_refused(visitor, log_in(visitor, f"s~{make_account()}"), 401, NOT_TRUSTED)


def test_new_keys_of_the_provider_are_asked_for_when_they_are_needed(visitor, make_account, provider):
    old = RSAKey.generate_key(2048, {"kid": "old"}).as_dict(private=False)
    provider.changing("/jwks", lambda told: {"keys": [old]} if provider.asked["/jwks"] == 1 else told)
    assert log_in(visitor, f"s~{make_account()}").status_code == 303
    assert provider.asked["/jwks"] == 2


def test_the_provider_is_asked_for_its_description_and_keys_once_for_many_log_ins(visitor, make_account, provider):
    for login in (make_account(), make_account(), make_account()):
        visitor.delete_cookie("jingwei_session")
        assert log_in(visitor, f"s~{login}").status_code == 303
    assert provider.asked["/.well-known/openid-configuration"] == 1
    assert provider.asked["/jwks"] == 1


def refused_identities(visitor, make_account):
    """Return somebody unknown, somebody whose account is disabled, and two who name the account of another."""
    ledger = visitor.application.extensions["jingwei"].ledger
    disabled, disabled_later, taken = make_account(), make_account(), make_account()
    for login in (disabled_later, taken):
        log_in(visitor, f"first~{login}")
        visitor.delete_cookie("jingwei_session")
    for login in (disabled, disabled_later):
        accounts.set_active(ledger, system_scope("test"), login, is_active=False)
    return {
        "unknown": "s~nobody",
        "nameless": "nameless",
        "disabled": f"s~{disabled}",
        "disabled later": f"first~{disabled_later}",
        "of another identity": f"second~{taken}",
    }


def test_who_has_no_account_is_told_the_same_whatever_the_reason(visitor, make_account):
    pages = set()
    for who in refused_identities(visitor, make_account).values():
        answer = log_in(visitor, who)
        assert_refused(visitor, answer, 403, NO_ACCOUNT)
        pages.add(answer.get_data(as_text=True))
    assert len(pages) == 1


def test_of_identities_that_name_one_account_at_the_same_time_one_enters(visitor, make_account, engine):
    login, ledger = make_account(), visitor.application.extensions["jingwei"].ledger
    identities = [Identity(f"https://id.example s{number // 2}", login) for number in range(8)]

    def enters(identity):
        with contextlib.suppress(Forbidden):
            return identity.subject if log_in_as(ledger, identity).login == login else "somebody else"

    with ThreadPoolExecutor(len(identities)) as threads:
        entered = [subject for subject in threads.map(enters, identities) if subject]
    # Each identity came twice, perhaps from two tabs.
    assert entered == [subject_of(engine, login)] * 2


def test_a_refusal_binds_nothing_and_is_in_the_audit(visitor, make_account, engine):
    taken = make_account()
    log_in(visitor, f"first~{taken}")
    bound = subject_of(engine, taken)
    visitor.delete_cookie("jingwei_session")
    log_in(visitor, f"second~{taken}")
    assert subject_of(engine, taken) == bound
    assert entries_of(engine, taken)[-1] == ("log_in.fail", "log-in", {"way": "oidc"})


def test_who_cancels_at_the_provider_finds_the_log_in_page_and_the_place_to_go_on_to(visitor, make_account):
    back = at_provider(leave(visitor, next="/account"), "nobody", cancels=True)
    assert "error=access_denied" in back
    answer = visitor.get(back)
    assert_refused(visitor, answer, 401, "did not log you in")
    page = answer.get_data(as_text=True)
    assert 'name="next" value="/account"' in page
    assert "aborted" not in page


def test_an_answer_that_states_an_error_is_one_even_with_a_code(visitor, make_account):
    answer = visitor.get(at_provider(leave(visitor), f"s~{make_account()}") + "&error=server_error")
    assert_refused(visitor, answer, 401, "did not log you in")


@pytest.fixture
def nowhere():
    """An address at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_without_the_provider_the_page_says_so_and_passwords_still_work(make_visitor, make_account, nowhere):
    visitor = make_visitor(oidc_issuer=nowhere)
    answer = visitor.get("/login/provider")
    assert_refused(visitor, answer, 503, "The identity provider does not answer.")
    assert int(answer.headers["Retry-After"]) > 0
    password = "seven plain words and no provider"
    form = {"login": make_account(password=password), "password": password}
    assert visitor.post("/login", data=form).status_code == 303
    assert is_logged_in(visitor)


@pytest.mark.parametrize("path", ["/token", "/jwks", "/me"])
def test_a_provider_that_fails_half_way_is_503(visitor, make_account, provider, path):
    back = at_provider(leave(visitor), f"s~{make_account()}")
    provider.cut.add(path)
    assert_refused(visitor, visitor.get(back), 503, "The identity provider does not answer.")


@pytest.mark.parametrize("status", [302, 500])
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/me", "/token"])
def test_neither_a_failure_nor_an_answer_from_elsewhere_is_believed(visitor, make_account, provider, path, status):
    provider.statuses[path] = status
    reply = visitor.get("/login/provider")
    if reply.status_code == 302:
        reply = visitor.get(at_provider(reply.location, f"s~{make_account()}"))
    assert_refused(visitor, reply, 503, "The identity provider does not answer.")
    assert provider.asked[path] == 1


@pytest.mark.parametrize(
    "answer", [b"<html>", b"[]", b"{", b'{"keys": 7}', b'{"keys": []}', b'{"keys": [{"kty": "RSA"}]}']
)
@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration"])
def test_an_answer_that_makes_no_sense_is_503(visitor, make_account, provider, path, answer):
    provider.changing(path, lambda told: answer)
    reply = visitor.get("/login/provider")
    if reply.status_code == 302:
        reply = visitor.get(at_provider(reply.location, f"s~{make_account()}"))
    assert_refused(visitor, reply, 503, "The identity provider")


def test_a_provider_of_another_name_or_without_https_is_not_used(make_visitor, provider):
    described = "/.well-known/openid-configuration"
    provider.changing(described, lambda told: told | {"issuer": "https://other.example"})
    visitor = make_visitor()
    assert_refused(visitor, visitor.get("/login/provider"), 503, "calls itself https://other.example, not http://127")
    for address in ("http://other.example/auth", "javascript:alert(1)", "https://[", 7):
        provider.changing(described, lambda told, address=address: told | {"authorization_endpoint": address})
        visitor = make_visitor()
        assert_refused(visitor, visitor.get("/login/provider"), 503, "gives no usable authorization_endpoint")


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "//[",
        "javascript:x",
        "x",
    ],
)
def test_a_place_on_another_server_is_not_gone_to(visitor, make_account, place):
    assert log_in(visitor, f"s~{make_account()}", next=place).location == "/"


@pytest.mark.parametrize(
    "place", ["/account", "/?bbox=1,2,3,4&q=安阳 小学", "/%2F%2Fa.b?c=%26;d=.", f"/?q={'a' * 1900}"]
)
def test_who_logged_in_goes_on_to_the_place_that_was_asked_for(visitor, make_account, place):
    location = log_in(visitor, f"s~{make_account()}", next=place).location
    assert requests.utils.unquote(location) == requests.utils.unquote(place)


def test_a_cookie_made_by_hand_leads_to_no_other_server(visitor):
    secret, until, place = "made-by-hand", int(time.time()) + 60, "//evil.example"
    for known in ("/", place):
        state = hmac.new(secret.encode(), f"state {until} {known}".encode(), hashlib.sha256).hexdigest()
        visitor.set_cookie("jingwei_departure", f"{secret}.{until}.{place}")
        answer = visitor.get(f"/login/callback?state={state}&error=cancelled")
        assert answer.status_code == 401
        assert "evil.example" not in answer.get_data(as_text=True)


def test_a_place_too_long_for_a_cookie_becomes_the_map(visitor, make_account):
    assert log_in(visitor, f"s~{make_account()}", next=f"/?q={'安' * 300}").location == "/"


def test_comings_back_are_bounded_as_log_ins_are(visitor):
    answers = [visitor.get("/login/callback").status_code for _ in range(61)]
    assert answers == [401] * 60 + [429]


def test_without_a_provider_its_routes_are_not_there(make_app):
    visitor = make_app().test_client()
    assert [visitor.get(f"/login/{page}").status_code for page in ("provider", "callback")] == [404, 404]
    assert "/login/provider" not in visitor.get("/login").get_data(as_text=True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"oidc_issuer": "http://id.example.cn", "oidc_client": "x"}, "no address with https"),
        ({"oidc_issuer": "id.example.cn", "oidc_client": "x"}, "no address with https"),
        ({"oidc_issuer": "https://[", "oidc_client": "x"}, "no address with https"),
        ({"oidc_issuer": "https://id.example.cn"}, "JINGWEI_OIDC_CLIENT is not"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(make_app, settings, words):
    with pytest.raises(InvalidInput, match=words):
        make_app(**settings)

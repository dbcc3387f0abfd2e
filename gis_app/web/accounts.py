"""The page of accounts, for administrators."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import Conflict, Forbidden, InvalidInput, JingweiError
from gis_app.domain.rights import Right, Role
from gis_app.services import accounts
from gis_app.services.accounts import AccountWish, Made
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import contract
from gis_app.web.errors import sentence_of, status_of

blueprint = Blueprint("accounts", __name__, url_prefix="/accounts")


@blueprint.get("")
@requires(Right.MANAGE_ACCOUNTS)
@contract("The accounts of the caller's area", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the accounts of the caller's area and a form for a new one."""
    return _page()


@blueprint.post("")
@requires(Right.MANAGE_ACCOUNTS)
@contract("Make an account", form=("login", "role", "area", "locale", "way"), answers="text/html")
def create() -> ResponseReturnValue:
    """Make an account and show its password, this once."""
    form, state = request.form, current_app.extensions["jingwei"]

    def make() -> Made:
        wish = AccountWish(form.get("login", ""), _role(), form.get("area", ""), form.get("locale", "zh"))
        return accounts.create(state.ledger, current_scope(), wish, local=form.get("way") != "provider")

    return _tried(make)


@blueprint.post("/<login>/change")
@requires(Right.MANAGE_ACCOUNTS)
@contract("Give an account another role or area", form=("role", "area"), answers="text/html")
def change(login: str) -> ResponseReturnValue:
    """Give an account another role or area."""
    state, area = current_app.extensions["jingwei"], request.form.get("area") or None
    return _tried(lambda: accounts.change(state.ledger, current_scope(), login, role=_role(), area_code=area))


@blueprint.post("/<login>/disable")
@requires(Right.MANAGE_ACCOUNTS)
@contract("Shut an account out", answers="text/html")
def disable(login: str) -> ResponseReturnValue:
    """Shut an account out at once."""
    state = current_app.extensions["jingwei"]
    return _tried(lambda: accounts.set_active(state.ledger, current_scope(), login, is_active=False))


@blueprint.post("/<login>/enable")
@requires(Right.MANAGE_ACCOUNTS)
@contract("Let an account log in again", answers="text/html")
def enable(login: str) -> ResponseReturnValue:
    """Let an account log in again."""
    state = current_app.extensions["jingwei"]
    return _tried(lambda: accounts.set_active(state.ledger, current_scope(), login, is_active=True))


@blueprint.post("/<login>/password")
@requires(Right.MANAGE_ACCOUNTS)
@contract("Give an account a new password", answers="text/html")
def reset_password(login: str) -> ResponseReturnValue:
    """Give an account a new password and show it, this once."""
    state = current_app.extensions["jingwei"]
    return _tried(lambda: accounts.reset_password(state.ledger, current_scope(), login))


@blueprint.post("/<login>/end")
@requires(Right.MANAGE_ACCOUNTS)
@contract("End all log-ins of an account", answers="text/html")
def end_log_ins(login: str) -> ResponseReturnValue:
    """End all log-ins of an account."""
    state = current_app.extensions["jingwei"]
    return _tried(lambda: accounts.end_log_ins(state.ledger, current_scope(), login))


def _role() -> Role:
    wanted = request.form.get("role", "")
    if wanted not in tuple(Role):
        raise InvalidInput("{role!r} is no role.", remedy="Choose one of the list.", role=wanted[:40])
    return Role(wanted)


def _tried(do: Callable[[], Made | int | None]) -> ResponseReturnValue:
    """Do something and go back to the list: with a new password at once, else by a redirect that can be reloaded."""
    try:
        done = do()
    except (Conflict, Forbidden, InvalidInput) as error:
        return _page(error=error)
    return _page(made=done) if isinstance(done, Made) else redirect("/accounts", HTTPStatus.SEE_OTHER)


def _page(*, made: Made | None = None, error: JingweiError | None = None) -> Response:
    state = current_app.extensions["jingwei"]
    page = render_template(
        "accounts.html",
        title=gettext("Accounts"),
        accounts=accounts.listed(state.engine, current_scope()),
        areas=accounts.areas_to_choose(state.engine, current_scope()),
        roles=list(Role),
        made=made,
        error=sentence_of(error) if error else "",
        form=request.form if error else {},
        has_provider=bool(state.settings.oidc_issuer),
    )
    return Response(page, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)

"""The caller's own account: password and tokens."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import InvalidInput, JingweiError
from gis_app.domain.rights import Right
from gis_app.services import accounts, api_tokens
from gis_app.services.api_tokens import MadeToken, TokenWish
from gis_app.services.gate import token_id
from gis_app.web.access import current_caller, current_scope, requires, session_cookie
from gis_app.web.contract import contract
from gis_app.web.errors import sentence_of, status_of

blueprint = Blueprint("account", __name__, url_prefix="/account")


@blueprint.get("")
@requires(Right.MANAGE_OWN_ACCOUNT)
@contract("The caller's own account", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the account, the form of its password, and its tokens."""
    return _page()


@blueprint.post("/password")
@requires(Right.MANAGE_OWN_ACCOUNT)
@contract("Change the password", form=("old", "new", "again"), answers="text/html")
def change_password() -> ResponseReturnValue:
    """Change the password; every log-in ends, this one too."""
    form, state = request.form, current_app.extensions["jingwei"]
    try:
        if form.get("new", "") != form.get("again", ""):
            raise InvalidInput("The two new passwords differ.", remedy="Type the new one twice.")
        accounts.change_own_password(state.ledger, current_scope(), old=form.get("old", ""), new=form.get("new", ""))
    except InvalidInput as error:
        return _page(password_error=error)
    state.gate.forget(request.cookies.get(session_cookie(), ""))
    return redirect("/login?changed=1", HTTPStatus.SEE_OTHER)


@blueprint.post("/tokens")
@requires(Right.MANAGE_OWN_ACCOUNT)
@contract("Make a token", form=("label", "rights", "days", "area"), answers="text/html")
def create_token() -> ResponseReturnValue:
    """Make a token and show its secret, this once."""
    form, state = request.form, current_app.extensions["jingwei"]
    days = form.get("days", "")
    wish = TokenWish(
        label=form.get("label", ""),
        rights=frozenset(right for right in Right if right.value in form.getlist("rights")),
        days=int(days) if days.isascii() and days.isdecimal() and len(days) < 6 else 0,
        area_code=form.get("area") or None,
    )
    try:
        return _page(made=api_tokens.create(state.ledger, current_scope(), wish))
    except InvalidInput as error:
        return _page(token_error=error)


@blueprint.post("/tokens/<identity>/revoke")
@requires(Right.MANAGE_OWN_ACCOUNT)
@contract("End a token", answers="text/html")
def revoke_token(identity: str) -> ResponseReturnValue:
    """End a token."""
    state, caller = current_app.extensions["jingwei"], current_caller()
    api_tokens.revoke(state.ledger, caller.scope, token_id(identity), account_id=caller.account_id)
    return redirect("/account", HTTPStatus.SEE_OTHER)


def _page(
    *,
    password_error: JingweiError | None = None,
    token_error: JingweiError | None = None,
    made: MadeToken | None = None,
) -> Response:
    state, caller = current_app.extensions["jingwei"], current_caller()
    error = password_error or token_error
    page = render_template(
        "account.html",
        title=gettext("My account"),
        account=accounts.found(state.engine, caller.scope, caller.scope.account),
        tokens=api_tokens.listed(state.engine, caller.scope, caller.account_id),
        grantable=[right for right in Right if right in accounts.grantable_rights(caller.scope)],
        password_error=sentence_of(password_error) if password_error else "",
        token_error=sentence_of(token_error) if token_error else "",
        made=made,
        now=state.now(),
    )
    return Response(page, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)

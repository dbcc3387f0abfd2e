"""The page of webhooks, for administrators."""

from __future__ import annotations

from http import HTTPStatus

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import InvalidInput, JingweiError
from gis_app.domain.rights import Right
from gis_app.services import webhooks
from gis_app.services.audit import Ledger
from gis_app.services.webhooks import NewWebhook
from gis_app.web.access import current_scope, requires
from gis_app.web.contract import contract
from gis_app.web.errors import sentence_of, status_of

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")
_LARGEST = 2**62


@blueprint.get("")
@requires(Right.MANAGE_WEBHOOKS)
@contract("Programs that are told of steps, and how that goes", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the webhooks of the caller's area and a form for a new one."""
    return _page()


@blueprint.post("")
@requires(Right.MANAGE_WEBHOOKS)
@contract("Add a webhook", form=("name", "url", "area"), answers="text/html")
def add() -> ResponseReturnValue:
    """Add a webhook and show its secret, this once."""
    form, state = request.form, current_app.extensions["jingwei"]
    try:
        wish = NewWebhook(form.get("name", ""), form.get("url", ""), form.get("area", ""))
        secret = webhooks.add(state.ledger, current_scope(), wish)
    except InvalidInput as error:
        return _page(error=error)
    return _page(secret=secret)


@blueprint.post("/<int:webhook_id>/pause")
@requires(Right.MANAGE_WEBHOOKS)
@contract("Tell a program nothing for a while", answers="text/html")
def pause(webhook_id: int) -> ResponseReturnValue:
    """Pause a webhook."""
    webhooks.switch(_ledger(), current_scope(), min(webhook_id, _LARGEST), active=False)
    return redirect("/webhooks", HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:webhook_id>/resume")
@requires(Right.MANAGE_WEBHOOKS)
@contract("Tell a program what happened since it was paused", answers="text/html")
def resume(webhook_id: int) -> ResponseReturnValue:
    """Resume a webhook."""
    webhooks.switch(_ledger(), current_scope(), min(webhook_id, _LARGEST), active=True)
    return redirect("/webhooks", HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:webhook_id>/remove")
@requires(Right.MANAGE_WEBHOOKS)
@contract("Remove a webhook", answers="text/html")
def remove(webhook_id: int) -> ResponseReturnValue:
    """Remove a webhook."""
    webhooks.remove(_ledger(), current_scope(), min(webhook_id, _LARGEST))
    return redirect("/webhooks", HTTPStatus.SEE_OTHER)


def _ledger() -> Ledger:
    ledger: Ledger = current_app.extensions["jingwei"].ledger
    return ledger


def _page(*, secret: str = "", error: JingweiError | None = None) -> Response:
    page = render_template(
        "webhooks.html",
        title=gettext("Webhooks"),
        webhooks=webhooks.listed(current_app.extensions["jingwei"].engine, current_scope()),
        own_area=current_scope().area_path.rstrip("/").rpartition("/")[2],
        secret=secret,
        form=request.form if error else {},
        error=sentence_of(error) if error else "",
    )
    return Response(page, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)

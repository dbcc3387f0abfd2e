"""The page of routing rules."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus

from flask import Blueprint, Response, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from gis_app.domain.errors import Forbidden, InvalidInput, JingweiError
from gis_app.domain.periods import CITY_TIME
from gis_app.domain.rights import Right
from gis_app.domain.work_clock import LimitUnit
from gis_app.services import closed_loop, routing_rules
from gis_app.services.routing_rules import RuleWish
from gis_app.web.access import current_caller, current_scope, requires
from gis_app.web.contract import contract
from gis_app.web.errors import sentence_of, status_of

blueprint = Blueprint("rules", __name__, url_prefix="/rules")
_FIELDS = ("category", "severity", "area", "unit", "limit_value", "limit_unit", "valid_from")


@blueprint.get("")
@requires(Right.MANAGE_RULES)
@contract("Which unit handles what within which limit", answers="text/html")
def page() -> ResponseReturnValue:
    """Show the rules and a form for a new one."""
    return _page()


@blueprint.post("")
@requires(Right.MANAGE_RULES)
@contract("Add a rule", form=_FIELDS, answers="text/html")
def add() -> ResponseReturnValue:
    """Add a rule that holds from a day on."""
    form = request.form
    value = form.get("limit_value", "")
    try:
        _refuse_part_of_city()
        wish = RuleWish(
            **{name: form.get(name, "").replace("\0", "") for name in ("category", "severity", "area", "unit")},
            limit_value=int(value) if value.isascii() and value.isdecimal() and len(value) < 6 else 0,
            limit_unit=form.get("limit_unit", ""),
            valid_from=_day(form.get("valid_from", "")),
        )
        routing_rules.add(current_app.extensions["jingwei"].ledger, current_scope(), wish)
    except (InvalidInput, Forbidden) as error:
        return _page(error)
    return redirect("/rules", HTTPStatus.SEE_OTHER)


@blueprint.post("/<int:rule_id>/end")
@requires(Right.MANAGE_RULES)
@contract("End a rule today", answers="text/html")
def end(rule_id: int) -> ResponseReturnValue:
    """End a rule."""
    _refuse_part_of_city()
    routing_rules.end(current_app.extensions["jingwei"].ledger, current_scope(), min(rule_id, 2**62))
    return redirect("/rules", HTTPStatus.SEE_OTHER)


def _refuse_part_of_city() -> None:
    if not routing_rules.is_everywhere(current_scope()):
        raise Forbidden("Rules hold for the whole city.", remedy="Ask an administrator of the city.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            "{name} is {value!r}, not a day.", remedy="Write it as 2026-11-23.", name="valid_from", value=text[:40]
        ) from None


def _page(error: JingweiError | None = None) -> Response:
    state = current_app.extensions["jingwei"]
    page = render_template(
        "rules.html",
        title=gettext("Routing rules"),
        rules=routing_rules.listed(state.engine, current_scope()),
        limit_units=list(LimitUnit),
        today=state.now().astimezone(CITY_TIME).date(),
        may_change=routing_rules.is_everywhere(current_scope()),
        error=sentence_of(error) if error else "",
        form=request.form,
        **closed_loop.choices(state.engine, current_caller()),
    )
    return Response(page, mimetype="text/html", status=status_of(error) if error else HTTPStatus.OK)

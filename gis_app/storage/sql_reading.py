"""SQL typed by hand, read as a syntax tree: one SELECT over known views with known functions, written out anew.

What runs is what was checked: the text is made from the tree again, so that the parser and the database cannot read
the same words differently. The role that runs it may read those views alone, under row-level security.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from gis_app.domain.errors import InvalidInput, Refused

LONGEST = 20_000
"""Characters of a statement."""
_DEEPEST = 60
_NODE_WORDS = """
    Select From Join Where Group Having Order Ordered Limit Offset Table TableAlias Column Identifier Star Alias
    Literal Boolean Null Paren Tuple And Or Not EQ NEQ GT GTE LT LTE Is Between In Like ILike SimilarTo RegexpLike
    RegexpILike NullSafeEQ NullSafeNEQ Add Sub Mul Div IntDiv Mod Pow Neg DPipe Case If Cast DataType DataTypeParam
    With CTE Subquery Union Intersect Except Distinct Window WindowSpec Exists Interval Var Filter WithinGroup Lateral
    Values AtTimeZone Extract ArrayOverlaps ArrayContainsAll ArrayContainedBy Any All Array Bracket Slice Collate
    Distance Cube Rollup GroupingSets IgnoreNulls RespectNulls
    Count Sum Avg Min Max ArrayAgg GroupConcat StddevSamp StddevPop Stddev Variance VariancePop Corr CovarSamp CovarPop
    PercentileCont PercentileDisc Mode LogicalAnd LogicalOr AnyValue
    RowNumber Rank DenseRank PercentRank CumeDist Ntile Lag Lead FirstValue LastValue NthValue
    Abs Ceil Floor Round Sqrt Exp Ln Log Sign Greatest Least Coalesce Nullif Trunc Pi Sin Cos Tan Radians Degrees
    Lower Upper Length Trim Substring StrPosition Concat ConcatWs Left Right Replace SplitPart Reverse Initcap
    CurrentTimestamp CurrentDate TimestampTrunc DateTrunc Date ToChar StrToTime TimeToStr
    StDistance StPoint Cardinality ArraySize
"""
_NODES = frozenset(_NODE_WORDS.split())
"""Parts of a statement that may stand in it, by the parser's names."""
_FUNCTION_WORDS = """
    st_x st_y st_area st_length st_perimeter st_distance st_distancesphere st_azimuth st_intersects st_within
    st_contains st_covers st_coveredby st_touches st_crosses st_overlaps st_disjoint st_equals st_dwithin st_centroid
    st_pointonsurface st_buffer st_intersection st_difference st_symdifference st_union st_collect st_envelope
    st_makeenvelope st_makepoint st_point st_setsrid st_srid st_transform st_geomfromtext st_geomfromgeojson st_astext
    st_asgeojson st_geometrytype st_npoints st_numgeometries st_isvalid st_simplify st_snaptogrid st_startpoint
    st_endpoint st_lineinterpolatepoint st_linelocatepoint st_closestpoint st_shortestline st_convexhull st_xmin
    st_xmax st_ymin st_ymax st_expand st_clusterdbscan st_clusterkmeans st_extent
    count sum avg min max date_part date_trunc date_bin age to_char make_date make_timestamptz timezone width_bucket
    bool_and bool_or string_agg array_agg regr_slope regr_intercept regr_r2 random mode ntile cbrt
    char_length octet_length btrim ltrim rtrim starts_with substr strpos array_length unnest isfinite justify_days
"""
_FUNCTIONS = frozenset(_FUNCTION_WORDS.split())
"""Functions the parser has no name of its own for; none of them writes, waits, or tells of the server."""
_TYPE_WORDS = """
    TEXT VARCHAR CHAR INT BIGINT SMALLINT FLOAT DOUBLE DECIMAL BOOLEAN DATE TIME TIMESTAMP TIMESTAMPTZ TIMESTAMPNTZ
    INTERVAL GEOMETRY GEOGRAPHY UUID ARRAY
"""
_TYPES = frozenset(_TYPE_WORDS.split())


def checked_sql(statement: str, views: Collection[str]) -> str:
    """Return a statement written out from what was understood of it.

    Parameters
    ----------
    views
        The names it may read from.

    Raises
    ------
    Refused
        If it is anything but one SELECT over these views with known functions; names the part.
    InvalidInput
        If it is empty or cannot be read; names the line.
    """
    tree = _parsed(statement)
    if not isinstance(tree, exp.Select | exp.SetOperation | exp.Subquery):
        raise _refused("The statement is refused: only SELECT may stand here: {part}", type(tree).__name__.upper())
    own = {each.alias_or_name.lower() for each in tree.find_all(exp.CTE)}
    for node in tree.walk():
        _check(node, views, own)
    return tree.sql(dialect="postgres", comments=False)


def _parsed(statement: str) -> exp.Expr:
    text = statement.strip().rstrip(";").strip()
    if not text:
        raise InvalidInput("There is no statement.", remedy="Write SELECT … FROM one of the views.")
    if len(text) > LONGEST:
        raise Refused("The statement is longer than {most} characters.", remedy="Shorten it.", most=LONGEST)
    try:
        found = [each for each in sqlglot.parse(text, dialect="postgres") if each is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        raise InvalidInput(
            "The statement cannot be read at line {line}, column {column}: {reason}",
            remedy="Mend it there.",
            line=first.get("line", 1),
            column=first.get("col", 1),
            reason=str(first.get("description", "?"))[:160],
        ) from None
    except (TokenError, RecursionError):
        raise InvalidInput(
            "The statement cannot be read: a quote or a bracket is open.", remedy="Close it, or nest less deeply."
        ) from None
    if len(found) != 1:
        raise _refused("The statement is refused: only one statement may stand here: {part}", ";")
    return found[0]


def _check(node: exp.Expr, views: Collection[str], own: Collection[str]) -> None:
    name = type(node).__name__
    if isinstance(node, exp.Anonymous):
        if node.name.lower() not in _FUNCTIONS:
            raise _refused("The statement is refused: this function is not known here: {part}", node.name)
    elif name not in _NODES:
        raise _refused("The statement is refused: this may not stand here: {part}", node.sql(dialect="postgres"))
    elif isinstance(node, exp.Table):
        _check_table(node, views, own)
    elif isinstance(node, exp.DataType) and node.this.name not in _TYPES:
        raise _refused("The statement is refused: this type is not known here: {part}", node.sql(dialect="postgres"))
    if isinstance(node, exp.Select) and (node.args.get("into") or node.args.get("locks")):
        raise _refused("The statement is refused: only reading may stand here: {part}", "INTO / FOR UPDATE")
    if node.depth > _DEEPEST:
        raise _refused("The statement is refused: it is nested too deeply: {part}", "(")


def _check_table(node: exp.Table, views: Collection[str], own: Collection[str]) -> None:
    if not isinstance(node.this, exp.Identifier):
        # A function as a table, such as unnest(...): its own node is checked.
        return
    if node.args.get("db") or node.args.get("catalog") or node.name.lower() not in {*views, *own}:
        raise Refused(
            "There is no view {name}.",
            remedy="Read from one of {known}.",
            name=node.sql(dialect="postgres")[:60],
            known=", ".join(sorted(views)),
        )


def _refused(template: str, part: str) -> Refused:
    return Refused(template, remedy="See docs/queries.md.", part=part[:80])

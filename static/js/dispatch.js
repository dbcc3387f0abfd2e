// A hazard's details on the map: its case, who is nearest, and its dispatch. Hazard, team, confirmation: three clicks.

import { config, words } from "./config.js";
import { buttonRow, element } from "./elements.js";
import { teamDetail } from "./nearest_tool.js";
import { fetchJson } from "./requests.js";
import { answered } from "./sending.js";
import { nameOf } from "./travel_words.js";

const OFFERED = 5;

/** Return what stands below the details of a hazard; `onMoved()` is called after a dispatch, `openReach(place)` on request. */
export function caseSection(hazardId, place, { onMoved, openReach, say }) {
  const section = element("section", { className: "dispatch" }, [element("a", { className: "go-there", href: `/cases/${hazardId}`, textContent: words("open_case") })]);
  if (config.rights.includes("view_aggregates")) section.append(buttonRow([[words("nearest_here"), () => openReach(place)]]));
  if (config.rights.includes("move_hazard") && config.rights.includes("view_aggregates")) fill(section, hazardId, place, { onMoved, say });
  return section;
}

async function fill(section, hazardId, place, acts) {
  const body = element("div", { className: "dispatch-body", attributes: { role: "status" } }, [words("loading")]);
  section.append(body);
  try {
    const found = await fetchJson(`/api/hazards/${hazardId}/case`);
    if (!found.permitted.includes("assign")) {
      body.textContent = found.case.stage === "filed" ? words("dispatch_not_yours") : words("dispatch_not_now");
      return;
    }
    const near = await fetchJson(`/api/nearest?lon=${place.lng.toFixed(6)}&lat=${place.lat.toFixed(6)}`).catch(() => ({ teams: [] }));
    offer(body, found, near.teams.filter((team) => team.unit_code).slice(0, OFFERED), acts);
  } catch (error) {
    body.textContent = error.message;
  }
}

function offer(body, found, teams, acts) {
  const routed = found.route.unit_code;
  const choices = [
    { title: words("dispatch_routed"), detail: routed, unit: routed, reason: "" },
    ...teams.map((team) => ({
      title: nameOf(team, config.locale),
      detail: `${teamDetail(team)} → ${config.locale === "en" ? team.unit_en : team.unit_zh}`,
      unit: team.unit_code,
      reason: words("dispatch_reason", { team: nameOf(team, config.locale), detail: teamDetail(team) }),
    })),
  ];
  const list = element("div", { className: "places" }, choices.map((choice) => {
    const button = element("button", { type: "button", className: "place" }, [
      element("span", { className: "place-name", textContent: choice.title }), element("span", { className: "place-detail", textContent: choice.detail }),
    ]);
    button.addEventListener("click", () => confirm(body, found, choice, { ...acts, back: () => offer(body, found, teams, acts) }));
    return button;
  }));
  body.replaceChildren(element("h3", { textContent: words("dispatch_title") }), list);
}

function confirm(body, found, choice, { onMoved, say, back }) {
  const { id, version, title } = found.case;
  // Made once: a click repeated after a lost answer is the same step.
  const identity = crypto.randomUUID();
  const error = element("p", { className: "tool-error", hidden: true, attributes: { role: "alert" } });
  const send = async (event) => {
    event.currentTarget.disabled = true;
    const { currentTarget: button } = event;
    try {
      const step = { action: "assign", hazards: [{ id, version }], unit: choice.unit, reason: choice.reason, id: identity };
      await answered("/api/steps", { csrf: config.member.csrf, body: step });
      say(words("dispatched", { unit: choice.unit === choice.detail ? choice.title : choice.detail }));
      body.replaceChildren(element("p", { className: "tool-done", textContent: words("dispatch_done") }));
      onMoved();
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
      button.disabled = false;
    }
  };
  const row = buttonRow([[words("dispatch_confirm"), send, "primary"], [words("back"), back]]);
  body.replaceChildren(
    element("h3", { textContent: words("dispatch_ask", { title }) }),
    element("p", { className: "tool-note", textContent: [choice.title, choice.detail].join(" · ") }),
    ...(choice.reason ? [element("p", { className: "tool-note", textContent: choice.reason })] : []),
    row, error,
  );
  row.firstChild.focus();
}
